# SPDX-License-Identifier: Apache-2.0
"""Find every process that a server started, however it hides: the mark in its environment."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import time

from .clause import NotApplicable
from .wire import MARK

_PROC = pathlib.Path("/proc")
_POLL_SEC = 0.02


def marked(mark: str) -> list[int]:
    """Give the ids of the living processes that carry a mark.

    Raises
    ------
    NotApplicable
        The system has no ``/proc`` to look in.
    """
    if not (_PROC / "self" / "environ").exists():
        raise NotApplicable("finding processes needs /proc, which this system has not")
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in variables:
                found.append(int(entry.name))
    return found


def at_work(mark: str) -> list[int]:
    """Those of them that do more than to watch over others, as `server_kit.tools.sessions` does."""
    return [process for process in marked(mark) if not _is_guardian(process)]


def _is_guardian(process_id: int) -> bool:
    try:
        words = (_PROC / str(process_id) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return True  # it is gone
    return any(word.endswith(b"server_kit/tools/sessions.py") for word in words)


def wait_until_gone(mark: str, timeout_sec: float, keep: int | None = None) -> list[int]:
    """Wait for the end of all processes with a mark, but for one; give those that are left.

    None is left when none was seen twice in a row: a program that is just being started has no
    environment for a moment, and with it no mark.
    """
    end = time.monotonic() + timeout_sec
    was_empty = False
    while True:
        left = [process for process in marked(mark) if process != keep]
        if (not left and was_empty) or (left and time.monotonic() > end):
            return left
        was_empty = not left
        time.sleep(_POLL_SEC)


def kill(process_ids: list[int]) -> None:
    """End processes at once."""
    for process_id in process_ids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process_id, signal.SIGKILL)


def peak_bytes(process_id: int) -> int:
    """Give the most memory a process has had.

    Raises
    ------
    NotApplicable
        The system does not tell.
    """
    try:
        text = (_PROC / str(process_id) / "status").read_text()
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise NotApplicable("the system does not tell how much memory a process had")
