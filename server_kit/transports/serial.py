# SPDX-License-Identifier: Apache-2.0
"""Serial ports, here or elsewhere: whatever URL PySerial takes.

``/dev/ttyACM0``, ``socket://lab:5000``, ``rfc2217://lab:4000``. PySerial is imported when a port is
opened and is needed for nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import select
import time

from ..boards.access import what_opens_port
from ..boards.device_lock import DeviceLock
from ..errors import ServerError, TransportClosedError
from .base import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

_CHUNK_BYTES = 1 << 16
# Ports without a file descriptor are written in pieces, so that a deadline is kept.
_PIECE_BYTES = 256
_LONGEST_WAIT_SEC = 3600.0
# Ports without a descriptor keep one time-out: a new one is negotiated with the server of rfc2217://.
_SLICE_SEC = 0.005
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class SerialTransport(Transport):
    """A port of PySerial, held by this process alone.

    Parameters
    ----------
    port : str
        A device or a URL.
    baudrate : int
    boards : sequence of str
        What the board is known by to servers that flash it, which must not meanwhile.
    """

    def __init__(self, port: str, baudrate: int, boards: Sequence[str] = ()) -> None:
        super().__init__()
        self._port = port
        self._baudrate = baudrate
        self._lock = DeviceLock(port, shared=boards)
        self._serial: Any = None
        self._fd = -1

    def _open(self) -> None:
        serial = import_pyserial()
        self._lock.acquire()
        try:
            # Deadlines are kept here; a write time-out is more than rfc2217:// knows of.
            self._serial = serial.serial_for_url(
                self._port, baudrate=self._baudrate, timeout=_SLICE_SEC, exclusive=True
            )
            self._serial.reset_input_buffer()
        except (OSError, ValueError) as error:  # SerialException is an OSError
            self._close()
            raise ServerError(
                f"the port {self._port} cannot be opened at {self._baudrate} baud: {error}"
                + _what_next(self._port, error)
            ) from error
        self._fd = _descriptor(self._serial)
        if self._fd >= 0:
            os.set_blocking(self._fd, False)

    def _close(self) -> None:
        port, self._serial, self._fd = self._serial, None, -1
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()
        self._lock.release()

    def _is_alive(self) -> bool:
        if self._fd >= 0:
            return not _poll(self._fd, 0, 0) & _GONE
        try:
            self._received += self._serial.read(1)
        except OSError:
            return False
        return True

    def _receive(self, timeout_sec: float | None) -> bytes:
        wait = _LONGEST_WAIT_SEC if timeout_sec is None else min(timeout_sec, _LONGEST_WAIT_SEC)
        with self._reporting():
            if self._fd >= 0:
                return self._receive_from_descriptor(wait)
            end = time.monotonic() + wait
            first: bytes = self._serial.read(1)
            while not first and time.monotonic() < end:
                first = self._serial.read(1)
            waiting = self._serial.in_waiting if first else 0
            return first + bytes(self._serial.read(waiting) if waiting else b"")

    def _send(self, data: memoryview, timeout_sec: float | None) -> int:
        wait = _LONGEST_WAIT_SEC if timeout_sec is None else min(timeout_sec, _LONGEST_WAIT_SEC)
        with self._reporting():
            if self._fd < 0:
                socket = getattr(self._serial, "_socket", None)  # of rfc2217://, not public
                if socket is not None and not _poll(socket.fileno(), select.POLLOUT, wait):
                    return 0
                return int(self._serial.write(bytes(data[:_PIECE_BYTES])) or 0)
            ready = _poll(self._fd, select.POLLOUT | select.POLLIN, wait)
            if ready & select.POLLIN:
                # A peer that answers while it is written to must not block on its own output.
                self._received += self._read_now()
            elif ready & _GONE:
                raise TransportClosedError(f"the other end of {self._port} has gone")
            if not ready & select.POLLOUT:
                return 0
            try:
                return os.write(self._fd, data)
            except BlockingIOError:
                return 0

    def _receive_from_descriptor(self, wait_sec: float) -> bytes:
        return self._read_now() if _poll(self._fd, select.POLLIN, wait_sec) else b""

    def _read_now(self) -> bytes:
        try:
            chunk = os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            return b""
        if not chunk:
            raise TransportClosedError(f"the other end of {self._port} has gone")
        return chunk

    @contextlib.contextmanager
    def _reporting(self) -> Any:
        try:
            yield
        except OSError as error:
            raise TransportClosedError(f"{self._port} has gone: {error}") from None


def import_pyserial() -> Any:
    """The package ``serial``.

    Raises
    ------
    ServerError :
        When it is not installed, with the command that installs it.
    """
    import sys

    try:
        import serial
    except ImportError:
        raise ServerError(
            f"serial ports need PySerial, which {sys.executable} has not: "
            f"{sys.executable} -m pip install pyserial"
        ) from None
    return serial


def _what_next(port: str, error: Exception) -> str:
    opens = what_opens_port(port)
    if opens:
        return f"; to let this user open it: {opens}"
    remote = re.match(r"(socket|rfc2217)://[^:/?]*([/?]|$)", port)
    if remote:
        return f"; it lacks the TCP port: {remote.group(1)}://HOST:PORT"
    if port.startswith("rfc2217:") and "waiting for option" in str(error):
        return (
            "; the port there has no modem lines, or does not answer for them: append "
            "?ign_set_control to the URL"
        )
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EBUSY):
        return "; another program holds it: close its terminals, and see microtvm doctor"
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return "; it is not there now: is the board attached, or does it restart?"
    return ""


def _descriptor(port: Any) -> int:
    """The file descriptor under a port; -1 for one that is not a file."""
    try:
        return int(port.fileno())
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return -1


def _poll(fd: int, events: int, wait_sec: float) -> int:
    poller = select.poll()
    poller.register(fd, events)
    found = poller.poll(math.ceil(wait_sec * 1000))
    return found[0][1] if found else 0
