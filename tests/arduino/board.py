# SPDX-License-Identifier: Apache-2.0
"""The emulated Mega 2560: built here from emulated_board/mega2560.c over Debian's libsimavr.

``python -m tests.arduino.board PORT`` attaches one at PORT until it is interrupted. What avrdude
prints of ``TIOCMGET`` is harmless: a pseudo-terminal has no modem lines, opening it resets.
"""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).parent / "emulated_board" / "mega2560.c"
BOOTLOADER = pathlib.Path(
    "/usr/share/arduino/hardware/arduino/avr/bootloaders/stk500v2/stk500boot_v2_mega2560.hex"
)


def build(target: pathlib.Path) -> pathlib.Path:
    """Compile the emulator."""
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-isystem", "/usr/include/simavr"]
    subprocess.run(
        ["cc", *flags, str(SOURCE), "-o", str(target), "-lsimavr", "-lelf", "-lutil"], check=True
    )
    return target


class EmulatedMega:
    """A board, attached from the start; a context that detaches it for good.

    Parameters
    ----------
    program : pathlib.Path
        What `build` made.
    port : pathlib.Path
        Where a link to its serial port is made.
    is_native : bool
        Act as a board with USB of its own, which is reset by 1200 baud and changes its name.
    """

    def __init__(self, program: pathlib.Path, port: pathlib.Path, is_native: bool = False) -> None:
        self.port = str(port)
        self._process = subprocess.Popen(
            [str(program), str(BOOTLOADER), self.port, *["native"] * is_native],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the parent, which detaches it
        )
        assert self._answer() == "ready"

    def __enter__(self) -> EmulatedMega:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def do(self, command: str) -> None:
        """``unplug``, ``plug``, ``hang`` or ``reset``."""
        assert self._ask(command) == "ok"

    def pulses(self) -> int:
        """How often D7 went low since the last reset."""
        return int(self._ask("pulses"))

    def _ask(self, command: str) -> str:
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        return self._process.stdout.readline().strip()


def main() -> None:
    """Attach a board until a signal comes."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.arduino.board PORT")
    ends = [signal.SIGINT, signal.SIGTERM]
    with tempfile.TemporaryDirectory() as folder:
        program = build(pathlib.Path(folder) / "mega2560")
        with EmulatedMega(program, pathlib.Path(sys.argv[1])) as board:
            print(f"a Mega 2560 is at {board.port}", flush=True)
            signal.pthread_sigmask(signal.SIG_BLOCK, ends)
            signal.sigwait(ends)


if __name__ == "__main__":
    main()
