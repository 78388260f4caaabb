# SPDX-License-Identifier: Apache-2.0
"""Exact reads, whole writes, one deadline per call: what every transport has in common."""

from __future__ import annotations

import abc
import time

from ..errors import IoTimeoutError, TransportClosedError


class Transport(abc.ABC):
    """A stream of bytes to and from the firmware.

    Subclasses supply the five abstract methods; they need not care for deadlines, for partial
    results or for what arrived too early.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._received = bytearray()

    def open(self) -> None:
        """Connect; nothing happens when it is connected and the other end is alive."""
        if self._is_open and self._is_alive():
            return
        self.close()
        self._open()
        self._is_open = True

    def close(self) -> None:
        """Disconnect; nothing happens when it is not connected."""
        self._is_open = False
        self._close()
        self._received.clear()

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """Receive exactly ``n`` bytes; see :meth:`ProjectAPIHandler.read_transport`."""
        deadline = _Deadline(timeout_sec)
        self._require_open()
        while len(self._received) < n:
            try:
                chunk = self._receive(deadline.remaining_sec())
            except TransportClosedError as error:
                raise TransportClosedError(f"{error}; {self._progress(n)} had arrived") from None
            if not chunk and deadline.has_passed():
                raise IoTimeoutError(
                    f"{timeout_sec} s passed; {self._progress(n)} have arrived and are kept for "
                    "the next read"
                )
            self._received += chunk
        data = bytes(self._received[:n])
        del self._received[:n]
        return data

    def read_some(self, timeout_sec: float | None) -> bytes:
        """Receive what is there, as soon as that is anything; empty when the time was up."""
        self._require_open()
        data = bytes(self._received) or self._receive(timeout_sec)
        self._received.clear()
        return data

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        """Send all of ``data``; see :meth:`ProjectAPIHandler.write_transport`."""
        deadline = _Deadline(timeout_sec)
        self._require_open()
        rest = memoryview(data)
        while rest:
            sent = self._send(rest, deadline.remaining_sec())
            rest = rest[sent:]
            if rest and not sent and deadline.has_passed():
                raise IoTimeoutError(
                    f"{timeout_sec} s passed with {len(rest)} of {len(data)} bytes not sent yet"
                )

    def _require_open(self) -> None:
        if not self._is_open:
            raise TransportClosedError("the transport is not open; call open_transport first")

    def _progress(self, n: int) -> str:
        return f"{len(self._received)} of {n} bytes"

    @abc.abstractmethod
    def _open(self) -> None:
        """Connect."""

    @abc.abstractmethod
    def _close(self) -> None:
        """Disconnect; called in any state, also after ``_open`` failed halfway."""

    @abc.abstractmethod
    def _is_alive(self) -> bool:
        """Whether the other end has not gone; called only while it is open."""

    @abc.abstractmethod
    def _receive(self, timeout_sec: float | None) -> bytes:
        """Wait for at least one byte.

        Returns
        -------
        bytes :
            What is there; empty when the time was up.

        Raises
        ------
        TransportClosedError :
            When the other end has gone.
        """

    @abc.abstractmethod
    def _send(self, data: memoryview, timeout_sec: float | None) -> int:
        """Wait until at least one byte can be sent.

        Returns
        -------
        int :
            How many were sent; 0 when the time was up.

        Raises
        ------
        TransportClosedError :
            When the other end has gone.
        """


class _Deadline:
    """The end of one call's time."""

    def __init__(self, timeout_sec: float | None) -> None:
        self._end = None if timeout_sec is None else time.monotonic() + timeout_sec

    def remaining_sec(self) -> float | None:
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def has_passed(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end
