# SPDX-License-Identifier: Apache-2.0
"""What does not depend on the model is compiled once per user, not once per project.

An entry is a directory of files under a key that covers everything the files were made from. It is
written beside its place and renamed into it, and renamed before it is removed, so concurrent builds
see all of it or nothing. A cache that cannot be written costs time, never a build.

What is taken from here becomes part of firmware, so nobody else may have put it there: a directory
that another user owns, or can write to, is not used.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import time

from .. import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

#: Some hundred kilobytes are kept for each runtime, compiler and set of flags.
MAX_BYTES = 512 << 20
_DIRECTORY_VARIABLE = "MICROTVM_CACHE_DIR"
_NEW, _OLD = ".new-", ".old-"
_STALE_SEC = 86400.0


def cache_directory() -> pathlib.Path:
    """``MICROTVM_CACHE_DIR``, or ``microtvm`` in the platform's directory for caches of a user."""
    if os.environ.get(_DIRECTORY_VARIABLE):
        return pathlib.Path(os.environ[_DIRECTORY_VARIABLE])
    if os.environ.get("XDG_CACHE_HOME"):
        return pathlib.Path(os.environ["XDG_CACHE_HOME"], "microtvm")
    home = pathlib.Path(os.path.expanduser("~"))
    is_macos = sys.platform == "darwin"
    return home / ("Library/Caches" if is_macos else ".cache") / "microtvm"


def make_key(sources: Iterable[pathlib.Path], facts: Iterable[str]) -> str:
    """A name for whatever is compiled from these files under these circumstances.

    Parameters
    ----------
    sources : iterable of pathlib.Path
        Files, and directories with all files below them.
    facts : iterable of str
        Compiler, flags, environment: all else that the result depends on.

    Returns
    -------
    str :
        32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for fact in facts:
        _add(digest, os.fsencode(fact))
    for source in sources:
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for file in files:
            if file.is_file():
                _add(digest, os.fsencode(file.relative_to(source.parent)))
                _add(digest, file.read_bytes())
    return digest.hexdigest()[:32]


def _add(digest: hashlib._Hash, data: bytes) -> None:
    digest.update(len(data).to_bytes(8, "little"))
    digest.update(data)


class BuildCache:
    """Entries below a directory.

    Parameters
    ----------
    directory : pathlib.Path, optional
        Where; :func:`cache_directory` by default.
    max_bytes : int, optional
        What all entries may have together; those that were not used for longest make room.
    """

    def __init__(self, directory: pathlib.Path | None = None, max_bytes: int = MAX_BYTES) -> None:
        self._directory = directory or cache_directory()
        self._max_bytes = max_bytes

    def restore(self, key: str, directory: pathlib.Path) -> bool:
        """Copy an entry's files below ``directory``; False where there is no such entry."""
        entry = self._directory / key
        try:
            if not entry.is_dir() or not self._is_trusted():
                return False
            os.utime(str(entry))
            for source in entry.rglob("*"):
                if source.is_file():
                    _copy(source, directory / source.relative_to(entry))
            return entry.is_dir()
        except OSError as error:
            log.debug(f"the build cache {entry} cannot be used: {error}")
            return False

    def store(self, key: str, files: Mapping[str, pathlib.Path]) -> None:
        """Keep files under a key; where that fails they are compiled again next time.

        Parameters
        ----------
        key : str
            From :func:`make_key`.
        files : mapping of str to pathlib.Path
            The path :meth:`restore` gives a file, and the file.
        """
        entry = self._directory / key
        if entry.is_dir():
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_trusted():
                return
            new = pathlib.Path(tempfile.mkdtemp(dir=str(self._directory), prefix=_NEW))
        except OSError as error:
            log.debug(f"the build cache {self._directory} cannot be written: {error}")
            return
        try:
            for name, source in files.items():
                _copy(source, new / "entry" / name)
            (new / "entry").rename(entry)
            self._prune(entry)
        except OSError as error:
            log.debug(f"nothing was kept in the build cache {entry}: {error}")
        finally:
            shutil.rmtree(str(new), ignore_errors=True)

    def _is_trusted(self) -> bool:
        status = self._directory.stat()
        if status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return True
        log.info(
            f"the build cache {self._directory} is not used, since others can write there: make it "
            f"this user's alone (chmod 700), or name another directory in {_DIRECTORY_VARIABLE}"
        )
        return False

    def _prune(self, newest: pathlib.Path) -> None:
        """Make room, and remove what killed builds left."""
        entries = []
        for path in self._directory.iterdir():
            used = path.stat().st_mtime
            if not path.name.startswith((_NEW, _OLD)):
                entries.append((path == newest, used, path))
            elif used < time.time() - _STALE_SEC:
                shutil.rmtree(str(path), ignore_errors=True)
        total = 0
        for _, _, path in sorted(entries, reverse=True):  # the newest first
            total += _size(path)
            if total > self._max_bytes and path != newest:
                old = self._directory / f"{_OLD}{os.getpid()}-{path.name}"
                path.rename(old)
                shutil.rmtree(str(old), ignore_errors=True)


def _size(directory: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*"))


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(str(source), str(target))
