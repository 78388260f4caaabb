# SPDX-License-Identifier: Apache-2.0
"""The headers of a tar file, read with bounds on what is read before it is understood.

The standard library's reader takes extended headers of any size into memory, searches them with
regular expressions whose time grows with the square of their length, and calls itself for each
header about a header. So extended headers are read here; a plain header, 512 bytes, is parsed by
:meth:`tarfile.TarInfo.frombuf`.

Layouts: POSIX.1-2017, pax(1), "pax Interchange Format", and GNU tar's manual for ``L`` and ``K``.
"""

from __future__ import annotations

import tarfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Iterator

BLOCK_BYTES = tarfile.BLOCKSIZE
#: Of one extended header, and of all in an archive.
MAX_EXTENDED_BYTES = 64 << 10
MAX_ALL_EXTENDED_BYTES = 16 << 20
MAX_GLOBAL_HEADERS = 16
MAX_RECORDS = 64

_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_EXTENDED = (_LONG_NAME, _LONG_LINK, tarfile.XGLTYPE, *_PAX)
_MOST_LENGTH_DIGITS = 8  # of a record
_MOST_SIZE_DIGITS = 20  # of a member


def read_members(stream: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """The members of an archive, each before anything after its header is read.

    Parameters
    ----------
    stream : binary file
        At the archive's beginning; what it reads and where may be changed between members.

    Yields
    ------
    tarfile.TarInfo :
        With its whole name, and ``offset_data``. A sparse file of any kind has the type
        ``tarfile.GNUTYPE_SPARSE``.

    Raises
    ------
    ValueError :
        Saying where the archive is damaged, or what no honest one holds.
    EOFError, OSError, zlib.error :
        When it is compressed and damaged.
    """
    headers = _Headers(stream)
    while True:
        member = headers.next_member()
        if member is None:
            return
        yield member
        if member.isfile():
            headers.skip(member.size)


class _Headers:
    """Where the next header is, and how much of extended ones was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._offset = 0
        self._extended_bytes = 0
        self._global_headers = 0

    def skip(self, size: int) -> None:
        self._offset += -(-size // BLOCK_BYTES) * BLOCK_BYTES

    def next_member(self) -> tarfile.TarInfo | None:
        """The next member; None at the end, which is a block of zeros."""
        told: set[bytes] = set()
        records: dict[bytes, bytes] = {}
        while True:
            header = self._header()
            if header is None:
                if told:
                    raise ValueError(f"it ends after an extended header, at byte {self._offset}")
                return None
            if header.type not in _EXTENDED:
                return _complete(header, records)
            kind = tarfile.XHDTYPE if header.type in _PAX else header.type
            text = self._extended(header)
            if kind == tarfile.XGLTYPE:
                self._check_global(_records(text))
                continue
            if kind in told:
                raise ValueError("an extended header about an extended header")
            told.add(kind)
            if kind == tarfile.XHDTYPE:
                records.update(_records(text))
            elif kind == _LONG_NAME:
                records.setdefault(b"path", text.split(b"\0", 1)[0])

    def _check_global(self, records: dict[bytes, bytes]) -> None:
        self._global_headers += 1
        if self._global_headers > MAX_GLOBAL_HEADERS:
            raise ValueError(f"more than {MAX_GLOBAL_HEADERS} global headers")
        if {b"path", b"size"} & records.keys():
            raise ValueError("a global header that names a member or its size")

    def _header(self) -> tarfile.TarInfo | None:
        self._stream.seek(self._offset)
        block = self._stream.read(BLOCK_BYTES)
        if block == bytes(BLOCK_BYTES):
            return None
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.TarError, ValueError):
            # ``tarfile`` takes a bad header, or none, for the end.
            raise ValueError(f"truncated or damaged at byte {self._offset}") from None
        self._offset += BLOCK_BYTES
        header.offset_data = self._offset
        return header

    def _extended(self, header: tarfile.TarInfo) -> bytes:
        size = header.size
        if not 0 <= size <= MAX_EXTENDED_BYTES:
            raise ValueError(f"a header of {size} bytes; at most {MAX_EXTENDED_BYTES} are allowed")
        self._extended_bytes += size
        if self._extended_bytes > MAX_ALL_EXTENDED_BYTES:
            raise ValueError(f"more than {MAX_ALL_EXTENDED_BYTES} bytes of extended headers")
        text = self._stream.read(size)
        if len(text) < size:
            raise ValueError(f"truncated or damaged at byte {self._offset}")
        self.skip(size)
        return text


def _complete(member: tarfile.TarInfo, records: dict[bytes, bytes]) -> tarfile.TarInfo:
    """Give a member the name, the size and the kind that the headers before it tell."""
    path, size = records.get(b"path"), records.get(b"size")
    if path is not None:
        name = path.decode("utf-8", "surrogateescape")
        if name.endswith("/") and member.type == tarfile.AREGTYPE:
            member.type = tarfile.DIRTYPE  # as tar wrote them before it had types
        member.name = name.rstrip("/") if member.isdir() else name
    if size is not None:
        if not size.isdigit() or len(size) > _MOST_SIZE_DIGITS:
            raise ValueError("an extended header with a size that is no number")
        member.size = int(size)
    if any(key.startswith(b"GNU.sparse.") for key in records):
        member.type = tarfile.GNUTYPE_SPARSE
    return member


def _records(text: bytes) -> dict[bytes, bytes]:
    """The records ``LENGTH KEY=VALUE`` of an extended header."""
    records = {}
    position = 0
    while position < len(text) and text[position]:
        space = text.find(b" ", position, position + _MOST_LENGTH_DIGITS + 1)
        digits = text[position : max(space, position)]
        end = position + int(digits) if digits.isdigit() else 0
        if not space < end <= len(text) or text[end - 1 : end] != b"\n":
            raise ValueError("an extended header whose records have wrong lengths")
        key, equals, value = text[space + 1 : end - 1].partition(b"=")
        if not equals:
            raise ValueError("an extended header with a record that is no KEY=VALUE")
        records[key] = value
        position = end
        if len(records) > MAX_RECORDS:
            raise ValueError(f"an extended header with more than {MAX_RECORDS} records")
    return records
