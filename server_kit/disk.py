# SPDX-License-Identifier: Apache-2.0
"""Files that cannot be written: why, how much room is left, and what to do about it.

A full disk shows in many ways: as an OSError without a file's name, as a list of them from
``shutil``, as the last words of a compiler, or as a compiler that ends without a word.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import re
import shutil
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_CODES = (*_FULL, errno.EROFS, *_FORBIDDEN)
#: Less than a compiler's smallest object file.
_NOTHING_BYTES = 16 << 10
#: What a linker may have asked for in vain, and given back when it ended.
_LITTLE_BYTES = 1 << 20
# As C's programs say it, and Go's in small letters.
_SAID = {
    code: re.compile(re.escape(os.strerror(code)), re.IGNORECASE)
    for code in (*_FULL, errno.EROFS, errno.EACCES)
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")


class UnwritableError(OSError):
    """A file could not be written: ``str()`` is a sentence with its path, and what to do."""


def why_not_written(error: OSError, path: pathlib.Path) -> str | None:
    """Why a file could not be written, and what to do.

    Parameters
    ----------
    error : OSError
        What writing raised.
    path : pathlib.Path
        What was written, where the error names no file; it need not exist.

    Returns
    -------
    str or None :
        The end of a sentence that begins with what cannot be written; None where the disk and its
        permissions are not the reason.
    """
    code = _code(error)
    if code is None or code not in _CODES:
        return None
    named = error.filename2 or error.filename
    place = pathlib.Path(os.fsdecode(named)) if isinstance(named, (str, bytes)) else path
    existing = _existing(place)
    if code in _FORBIDDEN and os.access(str(existing), os.W_OK):
        return None  # it was something else that is not permitted
    if code in _FORBIDDEN:
        return (
            f"this user may not write to {existing}; change its owner or its permissions (chmod "
            "u+w), or choose another directory"
        )
    if code == errno.EROFS:
        return (
            f"{existing} is on a file system that is read-only; mount it writable, or work on a "
            "copy elsewhere"
        )
    if code == errno.EDQUOT:
        return f"this user's quota is used up on the disk of {existing}{_room(existing)}; {_MAKE}"
    return f"the disk of {existing} is full{_room(existing)}; {_MAKE}"


_MAKE = "make room, or choose a directory on another disk"


def why_tool_failed(said: str, directory: pathlib.Path, told_reason: bool = True) -> str | None:
    """The same for a tool that failed: by what it said, or by a disk without any room.

    Parameters
    ----------
    said : str
        The last of what it printed.
    directory : pathlib.Path
        Where it wrote; the directory of temporary files is looked at too.
    told_reason : bool
        Whether it said anything that looks like an error: a linker may end without a word.
    """
    codes = [code for code, text in _SAID.items() if text.search(said)]
    if os.access(str(_existing(directory)), os.W_OK):
        codes = [code for code in codes if code != errno.EACCES]  # of something else
    places = [directory, pathlib.Path(tempfile.gettempdir() if _has_temporary() else os.sep)]
    places.sort(key=_free_bytes)
    if not codes:
        if _free_bytes(places[0]) >= (_NOTHING_BYTES if told_reason else _LITTLE_BYTES):
            return None
        codes = [errno.ENOSPC]
    elif codes[0] not in _FULL:
        places = [directory]
    return why_not_written(OSError(codes[0], os.strerror(codes[0])), places[0])


def write_text(path: pathlib.Path, text: str) -> None:
    """Write a small file, as :func:`whole_file` does."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))


@contextlib.contextmanager
def whole_file(path: pathlib.Path) -> Iterator[IO[bytes]]:
    """A file to write, which is there when the context has ended without an error.

    Until then, and where it fails, an older file stays as it was, and nothing else is left.

    Raises
    ------
    UnwritableError :
        Where writing fails.
    """
    if os.path.isdir(str(path)):  # and where that may not be asked, opening it says why
        raise UnwritableError(f"{path} cannot be written: Is a directory; name a file in it")
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        file = new.open("wb")
        try:
            yield file
            file.flush()
        except BaseException:
            with contextlib.suppress(OSError):  # it tries to write the rest again
                file.close()
            raise
        file.close()
        new.replace(path)
    except OSError as error:
        # Asked while the disk is still full.
        why = why_not_written(error, path) or error.strerror or error
        _remove(new)
        raise UnwritableError(f"{path} cannot be written: {why}") from error
    except BaseException:
        _remove(new)
        raise


def _code(error: OSError) -> int | None:
    """Its errno; ``shutil`` tells a list of (from, to, text) instead."""
    if error.errno is None and isinstance(error, shutil.Error):
        found = _NUMBER.search(str(error))
        return int(found.group(1)) if found else None
    return error.errno


def _existing(path: pathlib.Path) -> pathlib.Path:
    """The path, or the nearest directory above it that exists."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if os.path.lexists(str(place)))


def _room(path: pathlib.Path) -> str:
    try:
        status = os.statvfs(str(path))
    except OSError:
        return ""
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    if status.f_files and not status.f_favail:
        return f" (it can hold no more than {status.f_files} files)"
    return f" ({_in_words(free)} of {_in_words(total)} are free)"


def _free_bytes(path: pathlib.Path) -> int:
    try:
        status = os.statvfs(str(_existing(path)))
    except OSError:
        return 1 << 62
    if status.f_files and not status.f_favail:
        return 0
    return status.f_bavail * status.f_frsize


def _in_words(count: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _has_temporary() -> bool:
    try:
        tempfile.gettempdir()
    except OSError:
        return False
    return True


def _remove(path: pathlib.Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
