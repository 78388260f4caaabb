# SPDX-License-Identifier: Apache-2.0
"""Reading tar archives that nobody vouches for.

Every member is vetted by its header before any is written: a plain file or directory, a relative
path of ordinary characters, no name twice, a bounded size and number. Links, devices and sparse
members are refused, and so is an archive that ends early.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import tarfile
import zlib

from ..errors import ArchiveError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import BinaryIO, Collection, Iterable, Iterator

MAX_UNPACKED_BYTES = 1 << 30
MAX_MEMBERS = 10_000
_MAX_PATH_LENGTH = 512
_MAX_HEADER_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_BLOCK_BYTES = 512
_GZIP_MAGIC = b"\x1f\x8b"

_ORDINARY_PATH = re.compile(r"[\w.+@=,~ -]+(/[\w.+@=,~ -]+)*")
_DAMAGE = (tarfile.TarError, EOFError, OSError, ValueError, RecursionError, zlib.error)


class SafeTar:
    """The vetted members of a tar archive, plain or gzip, open for reading.

    Parameters
    ----------
    path : pathlib.Path
        The archive.

    Raises
    ------
    ArchiveError :
        Naming the archive, and the member at fault.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._file = self._open()
        try:
            self._tar, self.files, self.directories = self._vet()
        except _DAMAGE as error:
            self.close()
            raise self.error(f"is damaged or not a tar archive ({error})") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> SafeTar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive."""
        self._file.close()

    def error(self, what: str) -> ArchiveError:
        """An error that names this archive."""
        return ArchiveError(f"the archive {self.path} {what}")

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a small file."""
        member = self.files[name]
        if member.size > limit:
            raise self.error(f"holds {name} of {member.size} bytes; at most {limit} are allowed")
        return b"".join(self._chunks(member))

    def unpack(self, directory: pathlib.Path, names: Iterable[str] | None = None) -> None:
        """Write members below a directory.

        Parameters
        ----------
        directory : pathlib.Path
            Where; it must hold no links that lead out of it.
        names : iterable of str, optional
            The files wanted; without it all files and all directories.
        """
        if names is None:
            names = self.files
            for name in self.directories:
                (directory / name).mkdir(parents=True, exist_ok=True)
        for name in names:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for chunk in self._chunks(self.files[name]):
                    file.write(chunk)

    def _open(self) -> BinaryIO:
        try:
            status = self.path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise self.error("is not a file")
            if status.st_size > MAX_UNPACKED_BYTES:
                raise self.error(
                    f"has {status.st_size} bytes; at most {MAX_UNPACKED_BYTES} are allowed"
                )
            return self.path.open("rb")
        except OSError as error:
            raise self.error(f"cannot be opened: {error.strerror}") from None

    def _vet(
        self,
    ) -> tuple[tarfile.TarFile, dict[str, tarfile.TarInfo], list[str]]:
        is_gzip = self._file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        self._file.seek(0)
        stream = _Bounded(gzip.GzipFile(fileobj=self._file) if is_gzip else self._file)
        tar = tarfile.TarFile(fileobj=stream)  # type: ignore[arg-type]
        files: dict[str, tarfile.TarInfo] = {}
        directories: dict[str, tarfile.TarInfo] = {}
        total = 0
        for count, member in enumerate(_members(tar), 1):
            name = self._vet_name(member.name)
            total += self._vet_member(member)
            if count > MAX_MEMBERS:
                raise self.error(f"has more than {MAX_MEMBERS} members")
            if total > MAX_UNPACKED_BYTES:
                raise self.error(
                    f"unpacks to more than {MAX_UNPACKED_BYTES} bytes, with member {shown(name)}"
                )
            if name in files or name in directories:
                raise self.error(f"holds the member {shown(name)} twice")
            (directories if member.isdir() else files)[name] = member
        self._vet_nesting([*files, *directories], files)
        self._vet_end(tar, stream)
        return tar, files, list(directories)

    def _vet_name(self, raw: str) -> str:
        """A member's path without "./" before it; empty for the archive's own directory."""
        if raw.startswith("/"):
            raise self.error(f"holds the absolute path {shown(raw)}")
        parts = [part for part in raw.split("/") if part not in ("", ".")]
        name = "/".join(parts)
        if ".." in parts:
            raise self.error(f"holds the path {shown(raw)}, which leads out of it")
        if len(raw) > _MAX_PATH_LENGTH or (name and not _ORDINARY_PATH.fullmatch(name)):
            raise self.error(f"holds the odd path {shown(raw)}")
        return name

    def _vet_member(self, member: tarfile.TarInfo) -> int:
        kind = _kind(member)
        if kind or (member.isfile() and not self._vet_name(member.name)):
            raise self.error(f"holds {shown(member.name)}, {kind}; only files are allowed")
        if not 0 <= member.size <= MAX_UNPACKED_BYTES:
            raise self.error(
                f"holds {shown(member.name)} of {member.size} bytes; "
                f"at most {MAX_UNPACKED_BYTES} are allowed"
            )
        return member.size

    def _vet_nesting(self, names: list[str], files: Collection[str]) -> None:
        for name in names:
            for slash in re.finditer("/", name):
                parent = name[: slash.start()]
                if parent in files:
                    raise self.error(f"holds {shown(name)} below {shown(parent)}, which is a file")

    def _vet_end(self, tar: tarfile.TarFile, stream: _Bounded) -> None:
        """``tarfile`` takes a bad header, or none, for the end; the end is a block of zeros."""
        stream.seek(tar.offset)
        if stream.read(_BLOCK_BYTES) != bytes(_BLOCK_BYTES):
            raise self.error(f"is truncated or damaged at byte {tar.offset}")

    def _chunks(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        try:
            reader = self._tar.extractfile(member)
            assert reader is not None
            left = member.size
            while left:
                chunk = reader.read(min(left, _CHUNK_BYTES))
                if not chunk:
                    raise EOFError
                left -= len(chunk)
                yield chunk
        except _DAMAGE as error:
            raise self.error(f"is damaged within {member.name} ({error})") from None


class _Bounded:
    """A stream that gives no header of a size only an attacker would use."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER_BYTES:
            raise ValueError(f"a header of {size} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each member before the next header is looked for, which in a gzip file means unpacking."""
    while True:
        member = tar.next()
        if member is None:
            return
        yield member


def _kind(member: tarfile.TarInfo) -> str:
    """What a member is, where it is neither file nor directory."""
    if member.issym():
        return "a symbolic link"
    if member.islnk():
        return "a hard link"
    if member.isdev():
        return "a device node or pipe"
    if member.issparse():
        return "a sparse file"
    if not (member.isfile() or member.isdir()):
        return f"a member of type {member.type!r}"
    return ""
