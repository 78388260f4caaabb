# SPDX-License-Identifier: Apache-2.0
"""Programs in sessions of their own, so that they end with everything they started.

Beside each stands a guardian, a process that ends the session when this one was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from ..interrupts import Deferred
from . import sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    import subprocess
    from typing import Callable, Mapping, Sequence

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_guardians: dict[int, subprocess.Popen[bytes]] = {}  # by the session


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
    Give it to :func:`end` or :func:`release` afterwards.

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
    process = subprocess.Popen(
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
    _guard(process.pid)
    return process


def _end_with_this_process() -> Callable[[], None]:
    """What a new process calls so that the kernel ends it when this one is killed with -9.

    It is at once, and from the first moment on, when there is no guardian yet. Other systems than
    Linux have no such call.
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
    """End a process started here and whatever is left of its session."""
    import subprocess

    with Deferred():
        sessions.send(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(sessions.GRACE_SEC)
        sessions.send(process.pid, signal.SIGKILL)
        process.wait()
        release(process)


def release(process: subprocess.Popen[bytes]) -> None:
    """Forget a process that ended by itself; what it left running stays."""
    with Deferred():
        guardian = _guardians.pop(process.pid, None)
        if guardian is not None and guardian.stdin is not None:
            guardian.kill()
            guardian.wait()
            guardian.stdin.close()


def _guard(session: int) -> None:
    """Start what ends a session when this process is killed; see :mod:`.sessions`."""
    import subprocess

    program = [sys.executable, "-I", "-S", sessions.__file__, str(session)]
    # It is a net: without it, in want of memory say, the tool works all the same.
    with contextlib.suppress(OSError):
        _guardians[session] = subprocess.Popen(
            program,
            bufsize=0,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
