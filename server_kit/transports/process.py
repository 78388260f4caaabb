# SPDX-License-Identifier: Apache-2.0
"""Firmware that runs as a process here and talks on its standard input and output."""

from __future__ import annotations

import contextlib
import math
import os
import select

from ..errors import ServerError, TransportClosedError
from ..interrupts import Deferred
from ..tools import processes
from .base import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    import subprocess
    from typing import Sequence

#: What a device may send while it is written to and not read from.
MAX_UNREAD_BYTES = 64 << 20
CHUNK_BYTES = 1 << 16
_LONGEST_POLL_SEC = 3600.0
_EXIT_SEC = 0.5


class ProcessTransport(Transport):
    """The pipes of a child process.

    Parameters
    ----------
    arguments : sequence of str
        The program and its arguments.
    cwd : pathlib.Path
        Its working directory.
    ends_with_input : bool
        Whether it ends by itself at the end of its input; an emulator does not.
    """

    def __init__(
        self, arguments: Sequence[str], cwd: pathlib.Path, ends_with_input: bool = True
    ) -> None:
        super().__init__()
        self._arguments = arguments
        self._cwd = cwd
        self._exit_sec = _EXIT_SEC if ends_with_input else 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._stdin = self._stdout = -1

    def _open(self) -> None:
        import subprocess

        try:
            with Deferred():
                self._process = processes.start(
                    self._arguments, cwd=self._cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
        except OSError as error:
            raise ServerError(
                f"{self._arguments[0]} cannot be started ({error.strerror}); call build first"
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        for fd in (self._stdin, self._stdout):
            os.set_blocking(fd, False)

    def _close(self) -> None:
        import subprocess

        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._exit_sec)
        processes.end(process)
        self._process = None

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _receive(self, timeout_sec: float | None) -> bytes:
        try:
            return self._read_now()  # mostly it is there already
        except BlockingIOError:
            ready = wait({self._stdout: select.POLLIN}, timeout_sec)
        return self._read_now() if ready else b""

    def _send(self, data: memoryview, timeout_sec: float | None) -> int:
        try:
            return os.write(self._stdin, data)
        except BlockingIOError:
            wanted = {self._stdin: select.POLLOUT}
        except BrokenPipeError:
            raise TransportClosedError(self._how_it_ended()) from None
        # Firmware that answers while it is written to must not block on its own output.
        if len(self._received) < MAX_UNREAD_BYTES:
            wanted[self._stdout] = select.POLLIN
        if self._stdout in wait(wanted, timeout_sec):
            self._received += self._read_now()
        return 0

    def _read_now(self) -> bytes:
        chunk = os.read(self._stdout, CHUNK_BYTES)
        if not chunk:
            raise TransportClosedError(self._how_it_ended())
        return chunk

    def _how_it_ended(self) -> str:
        assert self._process is not None
        return f"the firmware {how_it_ended(self._process)}"


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """The end of a sentence about a process whose pipes are closed."""
    import subprocess

    try:
        status = process.wait(_EXIT_SEC)
    except subprocess.TimeoutExpired:
        return "closed its pipes"
    return f"has ended ({f'exit status {status}' if status >= 0 else f'signal {-status}'})"


def wait(events: dict[int, int], timeout_sec: float | None) -> dict[int, int]:
    """Poll; a wait without limit is cut into hours, which callers repeat."""
    poller = select.poll()
    for fd, wanted in events.items():
        poller.register(fd, wanted)
    seconds = _LONGEST_POLL_SEC if timeout_sec is None else min(timeout_sec, _LONGEST_POLL_SEC)
    return dict(poller.poll(math.ceil(seconds * 1000)))
