# SPDX-License-Identifier: Apache-2.0
"""The template for emulated Cortex-M boards, and what its projects need."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

import pytest

TEMPLATE = pathlib.Path(__file__).parents[2] / "templates" / "qemu_cortex_m"
BOARDS = list(json.loads((TEMPLATE / "boards.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def tools(require: Callable[..., str]) -> None:
    """A cross compiler, build tools and the emulator."""
    for tool in ("cmake", "ninja", "arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool, "build firmware for Cortex-M boards and run it")
