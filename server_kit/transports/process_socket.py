# SPDX-License-Identifier: Apache-2.0
"""Firmware in a process here that serves its wire on a TCP port of its own choice and prints which.

Arm's FVPs do: each UART is a raw socket at the first port that is free.
"""

from __future__ import annotations

import collections
import os
import select
import shlex
import socket
import time

from .. import log
from ..errors import ServerError, TransportClosedError
from ..interrupts import Deferred
from ..tools import processes
from .base import Transport
from .process import CHUNK_BYTES, MAX_UNREAD_BYTES, how_it_ended, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    import re
    import subprocess
    from typing import Sequence

#: Emulators ask licence servers for leave before they start.
START_SEC = 60.0
_CONNECT_SEC = 10.0
_LINES_KEPT = 12


class ProcessSocketTransport(Transport):
    """A program, and the socket that it says it listens at.

    Parameters
    ----------
    arguments : sequence of str
        The program and its arguments.
    cwd : pathlib.Path
        Its working directory.
    announcement : re.Pattern
        What the line with the port looks like; its first group is the port.
    """

    def __init__(
        self, arguments: Sequence[str], cwd: pathlib.Path, announcement: re.Pattern[str]
    ) -> None:
        super().__init__()
        self._arguments = arguments
        self._cwd = cwd
        self._announcement = announcement
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._stdout = self._wire = -1
        self._is_hung_up = False
        self._rest = b""  # of a line that is not complete
        self._said: collections.deque[str] = collections.deque(maxlen=_LINES_KEPT)

    def _open(self) -> None:
        try:
            self._start()
            port = self._announced_port()
            self._socket = socket.create_connection(("127.0.0.1", port), _CONNECT_SEC)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setblocking(False)
            self._wire = self._socket.fileno()
        except OSError as error:
            raise ServerError(f"{self._arguments[0]}: {error}; {self._by_hand()}") from error
        finally:
            if self._wire < 0:
                self._close()

    def _start(self) -> None:
        import subprocess

        with Deferred():
            self._process = processes.start(
                self._arguments,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        assert self._process.stdout is not None
        self._stdout = self._process.stdout.fileno()

    def _announced_port(self) -> int:
        """Wait for the line with the port."""
        assert self._process is not None
        deadline = time.monotonic() + START_SEC
        while time.monotonic() < deadline:
            for line in self._lines(max(0.0, deadline - time.monotonic())):
                found = self._announcement.search(line)
                if found:
                    return int(found.group(1))
            if self._stdout < 0:
                raise ServerError(
                    f"{self._arguments[0]} {how_it_ended(self._process)} before its UART was "
                    f"there; {self._words()}; {self._by_hand()}"
                )
        raise ServerError(
            f"{self._arguments[0]} did not say within {START_SEC} s where its UART is; "
            f"{self._words()}; {self._by_hand()}"
        )

    def _lines(self, timeout_sec: float) -> list[str]:
        """What the program prints within some time; its output is closed here at its end."""
        if not wait({self._stdout: select.POLLIN}, timeout_sec):
            return []
        chunk = os.read(self._stdout, CHUNK_BYTES)
        *lines, self._rest = (self._rest + (chunk or b"\n")).split(b"\n")
        texts = [line.decode("utf-8", "replace").strip() for line in lines]
        texts = [text for text in texts if text]
        self._said.extend(texts)
        for text in texts:
            log.info(text)
        if not chunk:
            self._stdout = -1
        return texts

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        process = self._process
        if process is not None:
            processes.end(process)
            if process.stdout is not None:
                process.stdout.close()
        self._process = self._socket = None
        self._stdout = self._wire = -1
        self._is_hung_up = False
        self._rest = b""
        self._said.clear()

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None and not self._is_hung_up

    def _receive(self, timeout_sec: float | None) -> bytes:
        ready = self._wait(select.POLLIN, timeout_sec)
        return self._read_now() if self._wire in ready else b""

    def _send(self, data: memoryview, timeout_sec: float | None) -> int:
        # Firmware that answers while it is written to must not block on its own output.
        room = len(self._received) < MAX_UNREAD_BYTES
        ready = self._wait(select.POLLOUT | (select.POLLIN if room else 0), timeout_sec)
        state = ready.get(self._wire, 0)
        if state & select.POLLIN:
            self._received += self._read_now()
        try:
            if state & select.POLLOUT:
                return os.write(self._wire, data)
        except BlockingIOError:
            return 0
        except OSError:
            raise TransportClosedError(self._gone()) from None
        if state & ~select.POLLIN:
            raise TransportClosedError(self._gone())
        return 0

    def _wait(self, events: int, timeout_sec: float | None) -> dict[int, int]:
        """Poll the socket; what the program prints meanwhile must not fill its pipe."""
        wanted = {self._wire: events}
        if self._stdout >= 0:
            wanted[self._stdout] = select.POLLIN
        ready = wait(wanted, timeout_sec)
        if ready.pop(self._stdout, 0):
            self._lines(0)
        return ready

    def _read_now(self) -> bytes:
        try:
            chunk = os.read(self._wire, CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        if not chunk:
            raise TransportClosedError(self._gone())
        return chunk

    def _gone(self) -> str:
        assert self._process is not None
        self._is_hung_up = True
        return f"the firmware {how_it_ended(self._process)}; {self._words()}"

    def _words(self) -> str:
        return f"it said: {' | '.join(self._said)}" if self._said else "it said nothing"

    def _by_hand(self) -> str:
        command = " ".join(shlex.quote(word) for word in self._arguments)
        return f"repeat with: cd {shlex.quote(str(self._cwd))} && {command}"
