# SPDX-License-Identifier: Apache-2.0
"""QEMU's ``netduinoplus2`` as a board whose third UART is a pseudo-terminal.

It takes the firmware when it is attached: there is no bootloader in it, so nothing is uploaded.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import tarfile

#: The board of stm32duino's core that has this chip and Serial at its third UART.
FQBN = "STMicroelectronics:stm32:GenF4:pnum=FEATHER_F405"
_HERE = pathlib.Path(__file__).parent
_MISSING = "missing_hardware.c"
# Time is counted in instructions, 8 ns each: what firmware must do while a byte comes is the same
# on each machine, however busy.
_COMMAND = (
    "qemu-system-arm",
    *("-machine", "netduinoplus2", "-icount", "shift=3,sleep=off"),
    *("-display", "none", "-monitor", "none"),
    *("-serial", "null", "-serial", "null", "-serial", "pty"),
)


def extra_files(target: pathlib.Path) -> pathlib.Path:
    """Write the archive for the option ``extra_files_tar`` that a project for this board wants."""
    with tarfile.open(target, "w") as tar:
        tar.add(_HERE / _MISSING, f"libraries/microtvm/src/{_MISSING}")
    return target


class EmulatedStm32:
    """The board with a project's firmware; a context that detaches it.

    Attributes
    ----------
    port : str
        Its serial port.
    """

    def __init__(self, project: pathlib.Path) -> None:
        (elf,) = (project / "build").glob("*.elf")
        self._process = subprocess.Popen(
            [*_COMMAND, "-kernel", str(elf)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said = self._process.stdout.readline()
        found = re.search(r"redirected to (\S+)", said)
        assert found, said + self._process.stdout.read()
        self.port = found[1]

    def __enter__(self) -> EmulatedStm32:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
        self._process.stdout.close()
