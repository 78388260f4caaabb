# SPDX-License-Identifier: Apache-2.0
"""Sessions of processes, and who ends one when its owner was killed.

As a program it reads a session's number from standard input, waits until that is at its end, and
then ends what is left of the session. That is a guardian: the other end of its pipe is held by the
process that started the session (:mod:`server_kit.tools.processes`), and the kernel closes it
however that ends.
``kill -9`` of a server leaves nobody else: what it started itself the kernel can be asked to end,
but not the compilers below that.

It is started for each tool, so it imports as little as it can, and nothing of this package.
"""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

GRACE_SEC = 1.0
_POLL_SEC = 0.02
_NUMBER_BYTES = 32
_PROC = "/proc"


def members(session: int) -> list[int]:
    """The ids of a session's processes, zombies among them.

    arduino-cli gives each tool that it runs a process group, so the group is not enough. What made
    itself a session (ccache's server) is meant to stay, and is none.
    """
    return [process for process in _all_processes() if _session_of(process) == session]


def send(session: int, number: int) -> None:
    """Send a signal to all processes of a session; nobody may be left."""
    # In one call where it can be, so that none is missed that is just being started.
    _kill(os.killpg, session, number)
    for process in members(session):
        if _group_of(process) != session:
            _kill(os.kill, process, number)


def guard() -> None:
    """Wait for the end of standard input, then end what is left of the session it names."""
    # What ends the owner is not to end its guardian, which is about to have work.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    said = chunk = os.read(0, _NUMBER_BYTES)
    while chunk:
        chunk = os.read(0, _NUMBER_BYTES)
        said += chunk
    if not said:
        return
    session = int(said)
    send(session, signal.SIGTERM)
    end = time.monotonic() + GRACE_SEC
    while members(session) and time.monotonic() < end:
        time.sleep(_POLL_SEC)
    send(session, signal.SIGKILL)


def _kill(kill: Callable[[int, int], None], target: int, number: int) -> None:
    try:
        kill(target, number)
    except (ProcessLookupError, PermissionError):
        return  # where only zombies are left, macOS says that it is not permitted


def _session_of(process: int) -> int | None:
    try:
        return os.getsid(process)
    except OSError:
        return None


def _group_of(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except OSError:
        return None


def _all_processes() -> list[int]:
    """The ids of this machine's processes."""
    if os.path.exists(os.path.join(_PROC, "self")):
        return [int(entry) for entry in os.listdir(_PROC) if entry.isdigit()]
    import subprocess

    listing = subprocess.run(["ps", "-A", "-o", "pid="], stdout=subprocess.PIPE, check=False)
    return [int(word) for word in listing.stdout.split()]


if __name__ == "__main__":
    guard()
