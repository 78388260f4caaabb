# SPDX-License-Identifier: Apache-2.0
"""A board is held by one server at a time, whoever's it is.

Locks are the kernel's, on empty files in the directory that the platform has for them. All users
have to agree on it, and none of them is trusted: the directory must be one in which nobody can
replace another's files, nothing but a plain file is opened, and nothing is read from it. The kernel
is asked who holds a lock (/proc/locks, proc_locks(5)).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re
import stat

from ..errors import ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

# Not where TMPDIR says: that differs between users, and between sessions of one.
_DIRECTORIES = ("/run/lock", "/tmp")
_PREFIX = "microtvm-"
_LONGEST_NAME = 200
_KERNEL_LOCKS = pathlib.Path("/proc/locks")


class DeviceLock:
    """Advisory locks that end with the process that holds them.

    Parameters
    ----------
    *devices : str
        What is held alone. A device is told from others by where it is plugged in, by its serial
        number, or by the path or URL of a port.
    shared : iterable of str
        What others may hold too, as long as none holds it alone: a probe while its ports are in
        use, each of which may be another board's.
    """

    def __init__(self, *devices: str, shared: Iterable[str] = ()) -> None:
        alone = {_file_name(device): device for device in devices}
        self._alone = set(alone)
        self._devices = {**{_file_name(device): device for device in shared}, **alone}
        self._fds: list[int] = []

    def acquire(self) -> None:
        """Take all of the locks or none; nothing happens when they are held here already.

        Raises
        ------
        ServerError :
            When another process holds one.
        """
        if self._fds:
            return
        try:
            for name in sorted(self._devices):  # in one order, so that no two wait for each other
                self._fds.append(self._take(name))
        except BaseException:
            self.release()
            raise

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Files that hold the locks: a process that inherits them holds the locks as well."""
        return tuple(self._fds)

    def release(self) -> None:
        """Give the locks back; nothing happens when they are not held."""
        while self._fds:
            os.close(self._fds.pop())

    def __enter__(self) -> DeviceLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self, name: str) -> int:
        fd = _open(name)
        try:
            kind = fcntl.LOCK_EX if name in self._alone else fcntl.LOCK_SH
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            holders = ", ".join(map(str, _holders(fd))) or "that cannot be seen from here"
            os.close(fd)
            raise ServerError(
                f"the device {self._devices[name]} is in use by process {holders}; close its "
                "session, or name another device"
            ) from None
        except BaseException:
            os.close(fd)
            raise
        return fd


def _file_name(device: str) -> str:
    # Two links to one port are one device.
    device = os.path.realpath(device) if os.path.isabs(device) else device
    return _PREFIX + re.sub(r"[^\w.-]", "_", device)[-_LONGEST_NAME:]


def _directory() -> pathlib.Path:
    """Where everybody may write and nobody can remove or replace what is another's."""
    for name in _DIRECTORIES:
        with contextlib.suppress(OSError):
            status = os.stat(name)
            is_shared = (
                status.st_mode & (stat.S_ISVTX | stat.S_IWOTH) == stat.S_ISVTX | stat.S_IWOTH
            )
            if stat.S_ISDIR(status.st_mode) and is_shared and status.st_uid in (0, os.geteuid()):
                return pathlib.Path(name)
    raise ServerError(
        f"boards cannot be locked: none of {', '.join(_DIRECTORIES)} is a directory of root's that "
        "all may write to (mode 1777)"
    )


def _open(name: str) -> int:
    path = _directory() / name
    # Without waiting, for a pipe; for reading, since a lock needs no more.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = _open_or_make(path, flags)
    except OSError as error:
        raise ServerError(_in_the_way(path, error.strerror)) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise ServerError(_in_the_way(path, "no plain file"))
    return fd


def _open_or_make(path: pathlib.Path, flags: int) -> int:
    # Linux lets nobody but its owner open a file there with O_CREAT (fs.protected_regular).
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:  # by another process, just now
        return os.open(path, flags)
    os.fchmod(fd, 0o644)  # whatever the umask
    return fd


def _in_the_way(path: pathlib.Path, reason: str | None) -> str:
    owner = ""
    with contextlib.suppress(OSError):
        owner = f" of user {path.lstat().st_uid}"
    return (
        f"the lock file {path}{owner} cannot be used ({reason}): let its owner remove it, and make "
        "sure that nobody uses the board meanwhile"
    )


def _holders(fd: int) -> list[int]:
    """The processes that hold a lock on a file, as far as they can be seen from here."""
    status = os.fstat(fd)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = _KERNEL_LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    locks = [line.split() for line in lines]
    return sorted(int(lock[4]) for lock in locks if lock[1] == "FLOCK" and lock[5] == place)
