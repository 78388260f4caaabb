# SPDX-License-Identifier: Apache-2.0
"""What stands in for a bench."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Iterator

import pytest

from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import arduino_cli, mega_program

__all__ = ["arduino_cli", "mega_program"]


@pytest.fixture
def emulated(require) -> None:
    """What boards in QEMU need."""
    require("cc", "build firmware for the host")
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool, "build firmware for Cortex-M boards and run it")


@pytest.fixture
def attach(
    mega_program: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path, monkeypatch
) -> Iterator[Callable[[], EmulatedMega]]:
    """Attach a further emulated Mega 2560, each at a port of its own."""
    monkeypatch.setenv("ARDUINO_CLI", arduino_cli)
    with contextlib.ExitStack() as boards:
        ports: list[str] = []

        def one_more() -> EmulatedMega:
            port = tmp_path / f"ttyACM{len(ports)}"
            ports.append(str(port))
            return boards.enter_context(EmulatedMega(mega_program, port))

        yield one_more
