# SPDX-License-Identifier: Apache-2.0
"""Boards that QEMU emulates, their wire on its standard input and output.

The command is the one of Zephyr's own target ``run_qemu``; only where its console goes is changed.
It is not run through west or Ninja, so ending it ends all there is.
"""

from __future__ import annotations

import re

from server_kit.errors import ServerError
from server_kit.transports.process import ProcessTransport

from .base import Emulator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from server_kit.transports.base import Transport

    from ..build import ZephyrBuild

_PROGRAM = "qemu-system-"
_NOT_FOUND = "QEMU-NOTFOUND"  # CMake's
# The id of the character device that Zephyr's cmake/emu/qemu.cmake connects everything to.
_CONSOLE = "id=con"
_ICOUNT_SLEEP = re.compile(r"\bsleep=off\b")
# QEMU's options that take a word after them and are replaced here.
_REPLACED = ("-semihosting-config", "-mon", "-monitor", "-pidfile")


class Qemu(Emulator):
    """QEMU as Zephyr starts it.

    Parameters
    ----------
    build : ZephyrBuild
    words : sequence of str
        What Zephyr would start.
    """

    def __init__(self, build: ZephyrBuild, words: Sequence[str]) -> None:
        self._build = build
        self._words = words

    @classmethod
    def of(cls, build: ZephyrBuild) -> Qemu | None:
        words = build.emulator_command("qemu")
        is_qemu = words and (_PROGRAM in words[0] or words[0] == _NOT_FOUND)
        return cls(build, words) if words and is_qemu else None

    def transport(self, options: Mapping[str, Any]) -> Transport:
        self._build.require_in_place()
        if self._words[0] == _NOT_FOUND:
            raise ServerError(
                "QEMU emulates this board and was not there when the project was built; install "
                "it (Debian's package qemu-system, or Zephyr's SDK with its host tools), remove "
                f"{self._build.directory} and build again"
            )
        semihosting = self._build.config().get("SEMIHOST") == "y"
        command = qemu_command(self._words, semihosting, options["gdbserver_port"])
        return ProcessTransport(command, cwd=self._build.directory, ends_with_input=False)


def qemu_command(
    words: Sequence[str], semihosting: bool, gdbserver_port: int | None = None
) -> list[str]:
    """QEMU with its console on standard input and output, and nothing else there.

    Parameters
    ----------
    words : sequence of str
        What Zephyr would start.
    semihosting : bool
        Whether the firmware's wire is semihosting's console; else it is the first UART.
    gdbserver_port : int, optional
        Where to wait for a debugger before the firmware's first instruction.

    Returns
    -------
    list of str
    """
    command = [words[0]]
    position = 1
    while position < len(words):
        word = words[position]
        value = words[position + 1] if position + 1 < len(words) else ""
        if word in _REPLACED or (word == "-chardev" and _CONSOLE in value.split(",")):
            position += 2
            continue
        # Its time would jump to the firmware's next timer in each wait for the host, and there are
        # 292 years in it: with a kernel without ticks, some hundred waits.
        command.append(_ICOUNT_SLEEP.sub("sleep=on", word))
        position += 1
    if semihosting:
        # Without a character device QEMU reads standard input itself, in blocks.
        command += [
            "-chardev",
            f"null,{_CONSOLE}",
            "-semihosting-config",
            "enable=on,target=native",
        ]
    else:
        command += ["-chardev", f"stdio,{_CONSOLE},signal=off"]
    command += ["-monitor", "none"]
    if gdbserver_port is not None:
        command += ["-gdb", f"tcp:127.0.0.1:{gdbserver_port}", "-S"]
    return command
