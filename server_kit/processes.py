# SPDX-License-Identifier: Apache-2.0
"""Programs in process groups of their own, so that they end with everything they started."""

from __future__ import annotations

import contextlib
import os
import signal

from .interrupts import Deferred

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    import subprocess
    from typing import Mapping, Sequence

GRACE_SEC = 1.0


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
    )


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
