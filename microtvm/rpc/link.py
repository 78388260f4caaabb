# SPDX-License-Identifier: Apache-2.0
"""microTVM's session layer: messages that belong to one run of one client with one device.

Every packet's payload begins with a header of three bytes: a little-endian uint16 session id (the
initiator's nonce, and in the high byte the responder's) and the message's type. The client sends
*terminate* and *start session*, carrying a nonce of its own and the protocol's version; the device
answers with its nonce, and both have the id. A device sends *terminate* when it starts, so one that
arrives in the middle of a session says that the device was reset.

Source: TVM 0.18, ``include/tvm/runtime/crt/rpc_common/session.h``,
``src/runtime/crt/microtvm_rpc_common/session.cc`` and ``src/runtime/micro/micro_session.cc``.
"""

from __future__ import annotations

import collections
import enum
import logging
import random
import struct
import time
from collections.abc import Callable

from ..errors import MicroTVMError
from ..transport import IoTimeoutError, Transport, TransportClosedError, TransportTimeouts
from . import framing
from .announced import printable

VERSION = 1

_HEADER = struct.Struct("<HB")
_LOG = logging.getLogger("microtvm.device")
_KEPT_LOG_LINES = 20
_DRAIN_SEC = 0.25


class MessageType(enum.IntEnum):
    """What a message is about."""

    START_SESSION = 0x00
    SESSION_STARTED = 0x01
    TERMINATE_SESSION = 0x02
    LOG = 0x03
    NORMAL = 0x10


class SessionTerminatedError(MicroTVMError):
    """The device ended the session: it was reset, it crashed, or its power was cut."""


class SessionTimeoutError(MicroTVMError):
    """The device did not answer in time."""


def _seconds(value: float) -> float | None:
    """Give a time limit as transports take it; TVM writes 0 for "no limit"."""
    return value if value > 0 else None


class Link:
    """One session with a device, message by message.

    Parameters
    ----------
    transport : Transport
        An open transport.
    timeouts : TransportTimeouts
        How long to wait for the device to take part in a session, and then for each answer.
    on_log : callable, optional
        Called with each line of text the device logs. The logger ``microtvm.device`` gets it too.
    """

    def __init__(
        self,
        transport: Transport,
        timeouts: TransportTimeouts,
        on_log: Callable[[str], None] | None = None,
    ):
        self._transport = transport
        self._timeouts = timeouts
        self._on_log = on_log
        self._unframer = framing.Unframer(min_payload=_HEADER.size)
        self._arrived: collections.deque[bytes] = collections.deque()
        self._nonce = 0
        self._session_id = 0
        self._version_seen: int | None = None
        self._established = False
        self._drained_at: float | None = None
        self.log_lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LOG_LINES)

    def open(self) -> None:
        """Agree on a session with the device.

        Raises
        ------
        SessionTimeoutError
            No device took part in time; or one did, and speaks another version of the protocol.
        """
        now = time.monotonic()
        total = _seconds(self._timeouts.session_start_timeout_sec)
        retry = _seconds(self._timeouts.session_start_retry_timeout_sec)
        give_up = None if total is None else now + total
        while True:
            self._send_start()
            deadline = give_up
            if retry is not None:
                again = time.monotonic() + retry
                deadline = again if give_up is None else min(again, give_up)
            if self._await_start(deadline):
                return
            if self._version_seen is not None:
                raise SessionTimeoutError(
                    f"the device speaks version {self._version_seen} of the session protocol;"
                    f" this client speaks version {VERSION}"
                )
            if give_up is not None and time.monotonic() >= give_up:
                raise SessionTimeoutError(
                    f"the device did not answer within {total:g} s of opening the transport"
                    + self._last_words(),
                    hint="is this project's firmware flashed, and is its project type host_driven?",
                )

    def send(self, payload: bytes) -> None:
        """Send one normal message, in one write."""
        self._write(MessageType.NORMAL, payload, self._timeouts.session_established_timeout_sec)

    def receive(self, extra_sec: float = 0.0) -> bytes:
        """Wait for the next normal message; logs that come before it are passed on.

        Parameters
        ----------
        extra_sec : float
            Seconds the device is known to be busy before it can answer.

        Raises
        ------
        SessionTerminatedError
            The device was reset.
        SessionTimeoutError
            Nothing came in time.
        """
        limit = _seconds(self._timeouts.session_established_timeout_sec)
        deadline = None if limit is None else time.monotonic() + limit + extra_sec
        while True:
            for kind, session_id, body in self._messages():
                if kind == MessageType.NORMAL and session_id == self._session_id:
                    return body
                if kind in (MessageType.TERMINATE_SESSION, MessageType.START_SESSION):
                    self._established = False
                    raise SessionTerminatedError(
                        "the device ended the session: it was reset, or it crashed and restarted"
                        + self._last_words(),
                        hint="open a new session to go on",
                    )
            if not self._read(deadline):
                assert limit is not None
                raise SessionTimeoutError(
                    f"the device did not answer within {limit + extra_sec:g} s"
                    + self._last_words(),
                    hint="a longer limit can be given: Session(..., timeout_override=...)",
                )

    def close(self) -> None:
        """Tell the device that the session is over. It may be gone, so this never fails."""
        if not self._established:
            return
        self._established = False
        self._session_id = 0
        try:
            self._write(MessageType.TERMINATE_SESSION, b"", 1.0)
        except Exception as error:
            _LOG.debug("the device could not be told that the session is over: %s", error)

    def _message(self, kind: MessageType, payload: bytes) -> bytes:
        return framing.frame(_HEADER.pack(self._session_id, kind) + payload)

    def _write(self, kind: MessageType, payload: bytes, timeout_sec: float) -> None:
        self._transport.write(self._message(kind, payload), _seconds(timeout_sec))

    def _send_start(self) -> None:
        self._session_id = 0
        end_of_the_last = self._message(MessageType.TERMINATE_SESSION, b"")
        # 0 stands for "no nonce". A fresh one tells answers to this attempt from late ones.
        self._nonce = random.choice([n for n in range(1, 256) if n != self._nonce])
        self._session_id = self._nonce
        start = self._message(MessageType.START_SESSION, bytes([VERSION]))
        self._transport.write(
            framing.NOP + end_of_the_last + start,
            _seconds(self._timeouts.session_start_timeout_sec),
        )

    def _await_start(self, deadline: float | None) -> bool:
        while True:
            for kind, session_id, body in self._messages():
                initiator, responder = session_id & 0xFF, session_id >> 8
                if kind != MessageType.SESSION_STARTED or initiator != self._nonce:
                    continue
                if not responder or not body:
                    continue
                if body[0] != VERSION:
                    self._version_seen = body[0]
                    return False
                self._session_id = session_id
                self._established = True
                return True
            if not self._read(deadline):
                return False

    def _messages(self) -> list[tuple[int, int, bytes]]:
        """Take what has arrived, up to and including one normal message; pass logs on."""
        taken = []
        while self._arrived:
            packet = self._arrived.popleft()
            if len(packet) < _HEADER.size:
                continue
            session_id, kind = _HEADER.unpack_from(packet)
            body = packet[_HEADER.size :]
            if kind == MessageType.LOG:
                if session_id in (0, self._session_id):
                    self._log(body)
                continue
            taken.append((kind, session_id, body))
            if kind == MessageType.NORMAL:
                break
        return taken

    def _log(self, body: bytes) -> None:
        text = printable(body.rstrip(b"\0\r\n").decode("utf-8", errors="replace"))
        if text:
            self.log_lines.append(text)
            _LOG.info("%s", text)
            if self._on_log is not None:
                self._on_log(text)

    def _last_words(self) -> str:
        return f"; its last message: {self.log_lines[-1]}" if self.log_lines else ""

    def _read(self, deadline: float | None) -> bool:
        """Read what the next packet needs; False when the deadline has passed."""
        if deadline is None:
            return self._read_some(self._unframer.bytes_needed(), None)
        remaining = deadline - time.monotonic()
        if remaining > 0 and self._read_some(self._unframer.bytes_needed(), remaining):
            return True
        if deadline == self._drained_at:
            return False
        self._drained_at = deadline
        return self._drain()

    def _drain(self) -> bool:
        """After a time-out, take what did arrive; True when there is a packet in it.

        Fewer bytes may have come than were asked for: a packet cut short by a reset is followed by
        the device's short message that says so. So ask for ever less, and not for ever: bytes that
        never end must not keep the time-out from being told.
        """
        wanted = self._unframer.bytes_needed()
        end = time.monotonic() + _DRAIN_SEC
        while wanted > 1:
            wanted //= 2
            while wanted <= self._unframer.bytes_needed():
                if time.monotonic() >= end or not self._read_some(wanted, 0.0):
                    break
        return bool(self._arrived)

    def _read_some(self, size: int, timeout_sec: float | None) -> bool:
        try:
            data = self._transport.read(size, timeout_sec)
        except IoTimeoutError:
            return False
        except TransportClosedError as error:
            raise TransportClosedError(f"{error}{self._last_words()}") from error
        self._arrived.extend(self._unframer.feed(data))
        return bool(data)
