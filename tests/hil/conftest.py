# SPDX-License-Identifier: Apache-2.0
"""What stands in for a bench."""

from __future__ import annotations

import pytest


@pytest.fixture
def emulated(require) -> None:
    """What boards in QEMU need."""
    require("cc", "build firmware for the host")
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool, "build firmware for Cortex-M boards and run it")
