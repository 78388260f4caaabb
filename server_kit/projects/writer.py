# SPDX-License-Identifier: Apache-2.0
"""Writing a project: all of it, or nothing."""

from __future__ import annotations

import fcntl
import glob
import os
import pathlib
import shutil
import sys

from ..disk import why_not_written
from ..errors import ProjectError
from ..interrupts import Deferred

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection

_SUFFIX = ".partial"
_NOT_COPIED = frozenset({"tests", "build", ".git", ".gitignore"})


class ProjectWriter:
    """A directory beside the target that becomes the target when the context ends without error.

    Parameters
    ----------
    project_dir : pathlib.Path
        The target: it must not exist, or be an empty directory.

    Raises
    ------
    ProjectError :
        When the target is in use or cannot be written.
    """

    def __init__(self, project_dir: pathlib.Path) -> None:
        self._target = project_dir
        self._made_parents: list[pathlib.Path] = []
        self._lock = -1
        self.directory = project_dir.with_name(f".{project_dir.name}.{os.getpid()}{_SUFFIX}")

    def __enter__(self) -> ProjectWriter:
        self._check_target()
        try:
            with Deferred():
                self._make_directory()
        except OSError as error:
            said = self._unwritable(error)
            self._discard()
            raise said from error
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, error_type: object, error: object, _: object) -> None:
        is_writing = isinstance(error, OSError) and self._is_writing(error)
        with Deferred():
            # What to say of a disk is asked while it is still full.
            said = self._unwritable(error) if is_writing else None  # type: ignore[arg-type]
            try:
                if error_type is None:
                    self._publish()
            finally:
                self._discard()
        if said is not None:
            raise said from error  # type: ignore[misc]

    def copy(self, source: pathlib.Path, name: str | None = None) -> None:
        """Copy a file or a whole directory into the project, as real files.

        Parameters
        ----------
        source : pathlib.Path
            What; links are followed.
        name : str, optional
            Its name in the project; the source's by default.
        """
        target = self.directory / (name or source.name)
        if source.is_dir():
            _copy_directory(source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(source), str(target))

    def write(self, name: str, text: str) -> None:
        """Write a text file."""
        target = self.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _check_target(self) -> None:
        if os.path.lexists(str(self._target)) and (
            not self._target.is_dir() or any(self._target.iterdir())
        ):
            raise ProjectError(
                f"{self._target} exists already; name a directory that is empty or does not exist"
            )

    def _make_directory(self) -> None:
        for parent in reversed(self._target.parents):
            if not parent.exists():
                parent.mkdir()
                self._made_parents.append(parent)
        _remove_stale(self._target)
        self.directory.mkdir()
        self._lock = _lock(self.directory)

    def _publish(self) -> None:
        try:
            self.directory.rename(self._target)
        except OSError as error:
            why = why_not_written(error, self._target.parent) or error.strerror
            raise ProjectError(f"the project cannot be put at {self._target}: {why}") from error
        self._made_parents.clear()

    def _unwritable(self, error: OSError) -> ProjectError:
        why = why_not_written(error, self._target.parent) or _reason(error)
        return ProjectError(f"the project {self._target} cannot be written: {why}")

    def _is_writing(self, error: OSError) -> bool:
        # A full disk names no file; what is read from elsewhere is that file's fault.
        named = [str(name) for name in (error.filename2, error.filename) if name is not None][:1]
        return not named or any(name.startswith(str(self.directory)) for name in named)

    def _discard(self) -> None:
        """Remove what is left of a project that was not published."""
        shutil.rmtree(str(self.directory), ignore_errors=True)
        for parent in reversed(self._made_parents):
            try:
                parent.rmdir()
            except OSError:
                break
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _remove_stale(target: pathlib.Path) -> None:
    """Remove what runs that were killed left beside the target. Those still running hold a lock."""
    for directory in target.parent.glob(f".{glob.escape(target.name)}.*{_SUFFIX}"):
        lock = _lock(directory)
        if lock >= 0:
            shutil.rmtree(str(directory), ignore_errors=True)
            os.close(lock)


def _lock(directory: pathlib.Path) -> int:
    """A descriptor that holds the directory's lock, or -1 where another process does."""
    fd = os.open(str(directory), os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return -1
    return fd


def _reason(error: OSError) -> str:
    """What went wrong; ``shutil`` gives a list of (from, to, why) for each file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        source, _, why = error.args[0][0]
        return f"{why} (copying {source})"
    return f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")


def _copy_directory(source: pathlib.Path, target: pathlib.Path) -> None:
    shutil.copytree(str(source), str(target), ignore=_ignored)


def _ignored(directory: str, names: Collection[str]) -> set[str]:
    """This Python's caches are copied: a project's server starts as fast as the template's."""
    if os.path.basename(directory) == "__pycache__":
        ending = f".{sys.implementation.cache_tag}.pyc"
        return {name for name in names if not name.endswith(ending)}
    return set(_NOT_COPIED.intersection(names))
