# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: firmware as a process here, its wire on standard input and output.

The emulator's command is the one Zephyr's own ``run`` target has; only where its console goes is
changed. It is not run through west or Ninja, so ending it ends all there is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence


QEMU = "qemu"
# The id of the character device that Zephyr's cmake/emu/qemu.cmake connects everything to.
_CONSOLE = "id=con"
# QEMU's options that take a word after them and are replaced here.
_REPLACED = ("-semihosting-config", "-mon", "-monitor", "-pidfile")


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
        command.append(word)
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
