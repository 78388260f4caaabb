# SPDX-License-Identifier: Apache-2.0
"""What stands in for a bench."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import threading
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
) -> Iterator[Callable[..., EmulatedMega]]:
    """Attach a further emulated Mega 2560, each at a port of its own, or at the one named."""
    monkeypatch.setenv("ARDUINO_CLI", arduino_cli)
    with contextlib.ExitStack() as boards:
        numbers = itertools.count()

        def one_more(port: pathlib.Path | None = None) -> EmulatedMega:
            port = port or tmp_path / f"ttyACM{next(numbers)}"
            return boards.enter_context(EmulatedMega(mega_program, port))

        yield one_more


@pytest.fixture
def obeying(tmp_path: pathlib.Path) -> Iterator[Callable[[EmulatedMega], dict[str, str]]]:
    """Make commands that act on an emulated board as a bench's relays do on real ones.

    They write to a pipe, which is obeyed here: ``reset``, ``unplug``, ``plug``, and the last two
    as ``power``.
    """
    with contextlib.ExitStack() as ends:

        def make(board: EmulatedMega) -> dict[str, str]:
            pipe = tmp_path / "relays"
            os.mkfifo(pipe)
            reader = os.open(pipe, os.O_RDWR)  # so that it has no end

            def obey() -> None:
                with os.fdopen(reader) as lines:
                    for line in iter(lines.readline, "end\n"):
                        board.do(line.strip())

            worker = threading.Thread(target=obey, daemon=True)
            worker.start()
            ends.callback(worker.join)
            ends.callback(os.write, os.open(pipe, os.O_WRONLY), b"end\n")
            say = f"echo {{}} > {pipe}"
            one = {word: f"sh -c '{say.format(word)}'" for word in ("reset", "unplug", "plug")}
            both = f"{say.format('unplug')}; sleep 0.5; {say.format('plug')}"
            return {**one, "power": f"sh -c '{both}'"}

        yield make
