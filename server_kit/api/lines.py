# SPDX-License-Identifier: Apache-2.0
"""Requests from a file descriptor, one line each, in bounded memory."""

from __future__ import annotations

import io

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
        self._file = io.BufferedReader(io.FileIO(fd, closefd=False), _CHUNK_BYTES)
        self._limit = limit

    def read(self) -> bytes | None:
        """The next line without its newline, or None at the end of the input.

        Raises
        ------
        InvalidRequestError :
            When the line was longer than the limit; the next call gives the line after it.
        """
        line = self._file.readline(self._limit + 1)
        if line.endswith(b"\n"):
            return line[:-1]
        if len(line) > self._limit:
            raise InvalidRequestError(
                f"the line has {len(line) + self._rest()} bytes; "
                f"the longest allowed has {self._limit}"
            )
        return line or None

    def _rest(self) -> int:
        """Read up to the line's end; how many bytes that were."""
        length = 0
        while True:
            piece = self._file.readline(_CHUNK_BYTES)
            if not piece or piece.endswith(b"\n"):
                return length + max(0, len(piece) - 1)
            length += len(piece)
