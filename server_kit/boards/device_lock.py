# SPDX-License-Identifier: Apache-2.0
"""A board is held by one server at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re

from ..errors import ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

# Not where TMPDIR says: that differs between users, and between sessions of one.
_DIRECTORY = pathlib.Path("/tmp/microtvm-locks")
_READ_BYTES = 4096


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
            others = [] if name in self._alone else _holders(fd)
            text = "".join(f"{pid}\n" for pid in {*others, os.getpid()}).encode("ascii")
            os.pwrite(fd, text, 0)
            os.ftruncate(fd, len(text))
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
    return re.sub(r"[^\w.-]", "_", device)


def _open(name: str) -> int:
    _DIRECTORY.mkdir(exist_ok=True)
    with contextlib.suppress(PermissionError):  # another user made it, for everybody
        _DIRECTORY.chmod(0o1777)
    path = _DIRECTORY / name
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    # Linux lets nobody but its owner open a file there with O_CREAT (fs.protected_regular).
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:  # by another process, just now
        return os.open(path, flags)
    os.fchmod(fd, 0o666)  # whatever the umask
    return fd


def _holders(fd: int) -> list[int]:
    """The processes that wrote themselves down and are alive."""
    text = os.pread(fd, _READ_BYTES, 0).decode("ascii", "replace")
    return sorted(pid for pid in map(int, re.findall(r"\d+", text)) if _is_alive(pid))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True
