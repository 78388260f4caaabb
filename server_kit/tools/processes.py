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
    # First, and told by the new process itself: whenever this one is killed, it is there.
    guardian = _start_guardian()
    try:
        process = subprocess.Popen(
            arguments,
            bufsize=0,
            cwd=str(cwd),
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=_what_a_new_process_does(guardian),
        )
    except BaseException:
        _dismiss(guardian)
        raise
    if guardian is not None:
        _guardians[process.pid] = guardian
    return process


def _what_a_new_process_does(guardian: subprocess.Popen[bytes] | None) -> Callable[[], None]:
    """Tell its guardian the session, and on Linux ask the kernel to be ended with its parent.

    The kernel is quicker, and asks nobody; but it ends this process alone, none below it.
    """
    # Everything is looked up here: the new process must not import, for another thread may hold
    # the lock for that.
    prctl = None
    if sys.platform.startswith("linux"):
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()
    kill = int(signal.SIGKILL)
    pipe = -1 if guardian is None or guardian.stdin is None else guardian.stdin.fileno()

    def act() -> None:
        if pipe >= 0:
            os.write(pipe, b"%d" % os.getpid())
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, kill)
            if os.getppid() != parent:  # killed before the call
                os._exit(1)

    return act


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
        _dismiss(_guardians.pop(process.pid, None))


def _start_guardian() -> subprocess.Popen[bytes] | None:
    """Start what ends a session when this process is killed; see :mod:`.sessions`."""
    import subprocess

    # It is a net: without it, in want of memory say, the tool works all the same.
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            [sys.executable, "-I", "-S", sessions.__file__],
            bufsize=0,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return None


def _dismiss(guardian: subprocess.Popen[bytes] | None) -> None:
    if guardian is not None and guardian.stdin is not None:
        guardian.kill()
        guardian.wait()
        guardian.stdin.close()
