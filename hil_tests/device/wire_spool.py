# SPDX-License-Identifier: Apache-2.0
"""The last transfers of a board in a file of a fixed size, which outlives the process that dies."""

from __future__ import annotations

import os
import pathlib
import struct

ENTRIES = 60
_HEAD = struct.Struct("<Qd8sIH")
_DATA_BYTES = 64
_ENTRY_BYTES = _HEAD.size + _DATA_BYTES

Entry = tuple[float, str, bytes, int]
"""Seconds, what it was, the end of its data, and how many bytes it was."""


class WireSpool:
    """A ring of entries; each is one write, so that what the kernel has is whole.

    Parameters
    ----------
    path : pathlib.Path
        The file; what was there is lost.
    """

    def __init__(self, path: pathlib.Path):
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        self._turn = 0

    def add(self, entry: Entry) -> None:
        """Put an entry in the place of the oldest."""
        seconds, what, data, size = entry
        self._turn += 1
        head = _HEAD.pack(
            self._turn, seconds, what.encode()[:8], min(size, 2**32 - 1), len(data[-_DATA_BYTES:])
        )
        packed = (head + data[-_DATA_BYTES:]).ljust(_ENTRY_BYTES, b"\0")
        os.pwrite(self._file, packed, self._turn % ENTRIES * _ENTRY_BYTES)

    def clear(self) -> None:
        """Forget all."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def read(path: pathlib.Path) -> list[Entry]:
    """Give what a file has, the oldest first; nothing where there is no file."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    entries = []
    for at in range(0, len(data) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        turn, seconds, what, size, length = _HEAD.unpack_from(data, at)
        if turn:
            begin = at + _HEAD.size
            kept = data[begin : begin + min(length, _DATA_BYTES)]
            word = what.rstrip(b"\0").decode("ascii", "replace")
            entries.append((turn, (seconds, word, kept, size)))
    return [entry for _, entry in sorted(entries)]
