# SPDX-License-Identifier: Apache-2.0
"""Programs in process groups of their own, so that they end with everything they started."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from ..interrupts import Deferred

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    import subprocess
    from typing import Callable, Mapping, Sequence

GRACE_SEC = 1.0
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


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
    """End a process started here and whatever is left of its group."""
    import subprocess

    with Deferred():
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SEC)
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    # Nobody may be left; where only zombies are, macOS says that it is not permitted.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
