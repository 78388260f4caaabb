# SPDX-License-Identifier: Apache-2.0
"""What went over a board's wire last, kept for when a test fails."""

from __future__ import annotations

import collections
import contextlib
import pathlib
import time
from collections.abc import Iterable

from microtvm.errors import MicroTVMError
from microtvm.transport import Transport, TransportClosedError, TransportTimeouts
from server_kit.errors import JSONRPCError

from .wire_spool import ENTRIES, Entry, WireSpool

_SHOWN_BYTES = 64
_LAST_WORDS_BYTES = 256


class WireLog:
    """The last transfers and log lines of a board.

    Parameters
    ----------
    path : pathlib.Path, optional
        A file that has them as well, for when this process dies.
    """

    def __init__(self, path: pathlib.Path | None = None) -> None:
        self._spool = WireSpool(path) if path is not None else None
        self._begin = time.monotonic()
        self._entries: collections.deque[Entry] = collections.deque(maxlen=ENTRIES)

    def add(self, what: str, data: bytes) -> None:
        """Keep the end of a transfer."""
        now = time.monotonic() - self._begin
        entry = (now, what, bytes(data[-_SHOWN_BYTES:]), len(data))
        self._entries.append(entry)
        if self._spool is not None:
            self._spool.add(entry)

    def text(self) -> str:
        """Say it, a line for each transfer; bytes in hexadecimal, and in ASCII where they are."""
        return lines_of(self._entries)

    def clear(self) -> None:
        """Forget it."""
        self._entries.clear()
        if self._spool is not None:
            self._spool.clear()

    def close(self) -> None:
        """Let go of the file, which stays as it is."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()


def lines_of(entries: Iterable[Entry]) -> str:
    """Say transfers, a line for each."""
    return "\n".join(_line(*entry) for entry in entries)


def _line(seconds: float, what: str, data: bytes, size: int) -> str:
    head = f"{seconds:9.3f} s {what:>8}"
    if what == "log":
        return f"{head} {data.decode('utf-8', 'replace')}"
    cut = "... " if size > len(data) else ""
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{head} {size} bytes: {cut}{data.hex(' ')}  |{shown}|"


class RecordedTransport(Transport):
    """A transport with a record of what goes through.

    Parameters
    ----------
    inner : Transport
        The way to the device.
    log : WireLog
        Where it is kept.
    """

    def __init__(self, inner: Transport, log: WireLog):
        self._inner = inner
        self._log = log

    def timeouts(self) -> TransportTimeouts:
        """Give the inner one's."""
        return self._inner.timeouts()

    def open(self) -> None:
        """Connect."""
        self._inner.open()
        self._log.add("opened", b"")

    def close(self) -> None:
        """Disconnect."""
        self._log.add("closed", b"")
        self._inner.close()

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """Read, and record."""
        try:
            data = self._inner.read(n, timeout_sec)
        except TransportClosedError:
            self._last_words()
            raise
        self._log.add("received", data)
        return data

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        """Write, and record."""
        self._log.add("sent", data)
        self._inner.write(data, timeout_sec)

    def _last_words(self) -> None:
        """Record what came before the end and was too little for the read."""
        data = b""
        with contextlib.suppress(JSONRPCError, MicroTVMError):
            while len(data) < _LAST_WORDS_BYTES:
                data += self._inner.read(1, 0)
        self._log.add("received", data)
