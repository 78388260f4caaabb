# SPDX-License-Identifier: Apache-2.0
"""A board is held by one server at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re
import tempfile

from .errors import ServerError

_DIRECTORY = "microtvm-locks"


class DeviceLock:
    """An advisory lock that ends with the process that holds it.

    Parameters
    ----------
    device : str
        What the board is told from others by: a serial number, or the path or URL of a port.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._fd = -1

    def acquire(self) -> None:
        """Take the lock; nothing happens when it is held here already.

        Raises
        ------
        ServerError :
            When another process holds it.
        """
        if self._fd >= 0:
            return
        fd = os.open(str(self._path()), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise ServerError(
                f"the device {self._device} is in use by process {holder}; close its session, or "
                "name another device"
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode("ascii"))
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> DeviceLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _path(self) -> pathlib.Path:
        directory = pathlib.Path(tempfile.gettempdir(), _DIRECTORY)
        directory.mkdir(exist_ok=True)
        with contextlib.suppress(PermissionError):  # another user made it, for everybody
            directory.chmod(0o1777)
        # Two links to one port are one device.
        device = os.path.realpath(self._device) if os.path.isabs(self._device) else self._device
        return directory / re.sub(r"[^\w.-]", "_", device)
