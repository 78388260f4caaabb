# SPDX-License-Identifier: Apache-2.0
"""Requests from a file descriptor, one line each, in bounded memory."""

from __future__ import annotations

import os

from ..errors import InvalidRequestError

MAX_LINE_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 16


class LineReader:
    """Reads lines, and gets past those that are too long without keeping them.

    Parameters
    ----------
    fd : int
        Where to read.
    limit : int
        The longest line returned, in bytes.
    """

    def __init__(self, fd: int, limit: int = MAX_LINE_BYTES) -> None:
        self._fd = fd
        self._limit = limit
        self._buffer = bytearray()
        self._at_end = False

    def read(self) -> bytes | None:
        """The next line without its newline, or None at the end of the input.

        Raises
        ------
        InvalidRequestError :
            When the line was longer than the limit; the next call gives the line after it.
        """
        searched = 0
        length = 0
        while True:
            newline = self._buffer.find(b"\n", searched)
            if newline >= 0:
                return self._take(newline, length + newline)
            searched = len(self._buffer)
            if length + searched > self._limit:
                length += searched
                searched = 0
                self._buffer.clear()
            if not self._fill():
                return self._take_last(length)

    def _fill(self) -> bool:
        chunk = b"" if self._at_end else os.read(self._fd, _CHUNK_BYTES)
        self._at_end = not chunk
        self._buffer += chunk
        return bool(chunk)

    def _take(self, newline: int, length: int) -> bytes:
        line = bytes(self._buffer[:newline])
        del self._buffer[: newline + 1]
        self._check(length)
        return line

    def _take_last(self, length: int) -> bytes | None:
        """What stands after the last newline counts as a line."""
        line = bytes(self._buffer)
        self._buffer.clear()
        self._check(length + len(line))
        return line or None

    def _check(self, length: int) -> None:
        if length > self._limit:
            raise InvalidRequestError(
                f"the line has {length} bytes; the longest allowed has {self._limit}"
            )
