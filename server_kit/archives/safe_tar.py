# SPDX-License-Identifier: Apache-2.0
"""Reading tar archives that nobody vouches for.

Every member is vetted by its header before any is written: a plain file or directory, a relative
path of ordinary characters, no name twice, a bounded size and number. Links, devices and sparse
members are refused, and so is an archive that ends early. Templates and client read archives here.
"""

from __future__ import annotations

import gzip
import re
import stat
import tarfile
import zlib

from ..errors import ArchiveError, shown
from .tar_headers import read_members

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import BinaryIO, Collection, Iterable, Iterator

MAX_UNPACKED_BYTES = 1 << 30
MAX_MEMBERS = 10_000
_MAX_PATH_LENGTH = 512
_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"

_ORDINARY_PATH = re.compile(r"[\w.+@=,~ -]+(/[\w.+@=,~ -]+)*")
_DAMAGE = (EOFError, OSError, ValueError, zlib.error)


class SafeTar:
    """The vetted members of a tar archive, plain or gzip, open for reading.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    unneeded : collection of str
        Members that may be symbolic links and are left out then, since nothing of them is needed.

    Raises
    ------
    ArchiveError :
        Naming the archive, and the member at fault.
    """

    def __init__(self, path: pathlib.Path, unneeded: Collection[str] = ()) -> None:
        self.path = path
        self._unneeded = frozenset(unneeded)
        self._file = self._open()
        try:
            self._stream = self._unpacked()
            self.files, self.directories = self._vet()
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

    def _unpacked(self) -> BinaryIO:
        is_gzip = self._file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        self._file.seek(0)
        if is_gzip:
            return gzip.GzipFile(fileobj=self._file)  # type: ignore[return-value]
        return self._file

    def _vet(self) -> tuple[dict[str, tarfile.TarInfo], list[str]]:
        files: dict[str, tarfile.TarInfo] = {}
        directories: dict[str, tarfile.TarInfo] = {}
        total = 0
        for count, member in enumerate(read_members(self._stream), 1):
            name = self._vet_name(member.name)
            if count > MAX_MEMBERS:
                raise self.error(f"has more than {MAX_MEMBERS} members")
            if member.issym() and name in self._unneeded:
                continue
            total += self._vet_member(member)
            if total > MAX_UNPACKED_BYTES:
                raise self.error(
                    f"unpacks to more than {MAX_UNPACKED_BYTES} bytes, with member {shown(name)}"
                )
            if name in files or name in directories:
                raise self.error(f"holds the member {shown(name)} twice")
            (directories if member.isdir() else files)[name] = member
        self._vet_nesting([*files, *directories], files)
        return files, list(directories)

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

    def _chunks(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        try:
            self._stream.seek(member.offset_data)
            left = member.size
            while left:
                chunk = self._stream.read(min(left, _CHUNK_BYTES))
                if not chunk:
                    raise EOFError
                left -= len(chunk)
                yield chunk
        except _DAMAGE as error:
            raise self.error(f"is damaged within {member.name} ({error})") from None


def _kind(member: tarfile.TarInfo) -> str:
    """What a member is, where it is neither file nor directory."""
    if member.issym():
        return "a symbolic link"
    if member.islnk():
        return "a hard link"
    if member.isdev():
        return "a device node or pipe"
    if member.type == tarfile.GNUTYPE_SPARSE:
        return "a sparse file"
    if not (member.isfile() or member.isdir()):
        return f"a member of type {member.type!r}"
    return ""
