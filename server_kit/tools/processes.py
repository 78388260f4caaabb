# SPDX-License-Identifier: Apache-2.0
"""Programs in sessions of their own, so that they end with everything they started."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import sys

from ..interrupts import Deferred

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import Callable, Mapping, Sequence

GRACE_SEC = 1.0
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_PROC = pathlib.Path("/proc")


def start(
    arguments: Sequence[str],
    *,
    cwd: pathlib.Path,
    env: Mapping[str, str] | None = None,
    stdin: int,
    stdout: int,
    stderr: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program; no shell reads its arguments.

    Call it under :class:`Deferred` up to where the process is stored; nobody ends one that is not.

    Parameters
    ----------
    arguments : sequence of str
        The program and its arguments.
    cwd : pathlib.Path
        Its working directory.
    env : mapping, optional
        Variables added to this process's environment.
    stdin, stdout, stderr : int
        As for :class:`subprocess.Popen`.
    """
    import subprocess

    environment = {**os.environ, **env} if env else None
    return subprocess.Popen(
        arguments,
        bufsize=0,
        cwd=str(cwd),
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_end_with_this_process() if sys.platform.startswith("linux") else None,
    )


def _end_with_this_process() -> Callable[[], None]:
    """What a new process calls so that the kernel ends it when this one is killed with -9.

    An emulator does not notice that nobody holds its pipes. Other systems than Linux have no such
    call; there a killed server leaves to its programs to notice the end of their input.
    """
    import ctypes

    # Everything is looked up here: the new process must not import, for another thread may hold
    # the lock for that.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()
    kill = int(signal.SIGKILL)

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, kill)
        if os.getppid() != parent:  # killed before the call
            os._exit(1)

    return ask_the_kernel


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process started here and whatever is left of its session.

    arduino-cli gives each tool that it runs a process group, so the group is not enough. What made
    itself a session (ccache's server) is meant to stay, and does.
    """
    import subprocess

    with Deferred():
        _signal_session(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SEC)
        _signal_session(process, signal.SIGKILL)
        process.wait()


def _signal_session(process: subprocess.Popen[bytes], number: int) -> None:
    # Nobody may be left; where only zombies are, macOS says that it is not permitted.
    gone = (ProcessLookupError, PermissionError)
    with contextlib.suppress(*gone):
        os.killpg(process.pid, number)
    for pid in _all_processes():
        with contextlib.suppress(*gone):
            if os.getsid(pid) == process.pid and os.getpgid(pid) != process.pid:
                os.kill(pid, number)


def _all_processes() -> list[int]:
    """The ids of this machine's processes."""
    import subprocess

    if (_PROC / "self").exists():
        return [int(entry) for entry in os.listdir(_PROC) if entry.isdigit()]
    listing = subprocess.run(["ps", "-A", "-o", "pid="], stdout=subprocess.PIPE, check=False)
    return [int(word) for word in listing.stdout.split()]
