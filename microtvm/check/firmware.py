# SPDX-License-Identifier: Apache-2.0
"""The firmware behind a server under test: sessions with it, and one exchange to play again.

Any firmware speaks microTVM's wire, so a request for a tensor's bytes is an echo whose answer is
known to the byte. It is recorded once and then sent and received by hand, in pieces or late.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from server_kit.errors import IoTimeoutError, JSONRPCError, TransportClosedError

from ..errors import MicroTVMError
from ..rpc.remote import RemoteError, RemoteTensor
from ..session import Session
from ..transport import Transport, TransportTimeouts
from .clause import Fails, NotApplicable
from .wire import NoAnswer, ReplyError, Server
from .workbench import Workbench

# Where a template sets no limits of its own.
_LIMITS_SEC = {
    "session_start_retry_timeout_sec": 5.0,
    "session_start_timeout_sec": 20.0,
    "session_established_timeout_sec": 20.0,
}
_LONGEST_EXCHANGE = 1024
_SHORTEST_EXCHANGE = 16


class Exchange(NamedTuple):
    """Bytes to write, and the bytes that answer them, whenever they are written."""

    request: bytes
    reply: bytes


class Tap(Transport):
    """An open transport of a server under test, with a record of what goes through."""

    def __init__(self, server: Server, limits: TransportTimeouts):
        self.written: list[bytes] = []
        self.received = bytearray()
        self._server = server
        self._limits = limits

    def timeouts(self) -> TransportTimeouts:
        """Give the limits of the template, or ours."""
        return self._limits

    def open(self) -> None:
        """Do nothing: it is open."""

    def close(self) -> None:
        """Do nothing: who opened it closes it."""

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """Read, and record."""
        with _by_name():
            data = self._server.read(n, timeout_sec)
        self.received += data
        return data

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        """Write, and record."""
        with _by_name():
            self._server.write(data, timeout_sec)
        self.written.append(data)


@contextlib.contextmanager
def session(server: Server) -> Iterator[tuple[Session, Tap]]:
    """Hold a session over the open transport of a server.

    Raises
    ------
    Fails
        The firmware does not take part, or ends it.
    """
    limits = {name: server.limits.get(name, seconds) for name, seconds in _LIMITS_SEC.items()}
    tap = Tap(server, TransportTimeouts(**limits))
    try:
        with Session(tap) as opened:
            yield opened, tap
    except (MicroTVMError, JSONRPCError) as error:
        raise Fails(
            f"the session with the firmware failed: {error}",
            "run the firmware by hand and see what it answers; the wire is in device_kit/SPEC.md",
        ) from error


@contextlib.contextmanager
def exchange(bench: Workbench) -> Iterator[tuple[Server, Exchange]]:
    """Give a server whose transport is open, and an exchange with its firmware."""
    require_session(bench)
    with bench.connected() as server, session(server) as (opened, tap):
        yield server, _record(opened, tap)


def require_session(bench: Workbench) -> None:
    """Raise `NotApplicable` where the firmware takes part in no session; it is asked once."""
    seen = bench.keep("no session", lambda: _why_no_session(bench))
    if seen:
        raise NotApplicable(f"see device.session: {seen}")


def allocate(opened: Session, size: int, least: int = _SHORTEST_EXCHANGE) -> RemoteTensor:
    """Allocate a tensor of ``size`` bytes, or the largest half, quarter ... that there is room for.

    Raises
    ------
    NotApplicable
        There is no room for ``least`` bytes.
    """
    while size >= least:
        with contextlib.suppress(RemoteError):
            return opened.empty((size,), "uint8")
        size //= 2
    raise NotApplicable(f"the device has no memory for a tensor of {least} bytes")


def collect(server: Server, n: int, timeout_sec: float) -> bytes:
    """Read until there are ``n`` bytes, or until a read fails."""
    data = b""
    while len(data) < n:
        try:
            data += server.read(n - len(data), timeout_sec)
        except ReplyError:
            break
    return data


def noise(size: int) -> npt.NDArray[np.uint8]:
    """The same bytes every time; every fourth needs an escape on the wire."""
    data = np.random.default_rng(seed=1).integers(0, 256, size, np.uint8)
    data[::4] = 0xFF
    return data


def _why_no_session(bench: Workbench) -> str:
    with bench.connected() as server:
        try:
            with session(server) as (opened, _):
                opened.get_system_lib()
        except Fails as error:
            return error.seen
    return ""


def _record(opened: Session, tap: Tap) -> Exchange:
    tensor = allocate(opened, _LONGEST_EXCHANGE)
    while True:
        size = tensor.shape[0]
        tensor.copyfrom(np.arange(size, dtype=np.uint8) | 1)
        tap.written.clear()
        tap.received.clear()
        tensor.numpy()
        if len(tap.written) == 1:
            return Exchange(tap.written[0], bytes(tap.received))
        tensor = allocate(opened, size // 2)


@contextlib.contextmanager
def _by_name() -> Iterator[None]:
    """Raise the errors that a session knows."""
    try:
        yield
    except ReplyError as error:
        for cls in (IoTimeoutError, TransportClosedError):
            if error.message == cls.__name__:
                raise cls(error.sentence) from error
        raise MicroTVMError(str(error)) from error
    except NoAnswer as error:
        raise MicroTVMError(str(error)) from error
