# SPDX-License-Identifier: Apache-2.0
"""A device of a few lines, for what real firmware cannot be made to do: late, broken, odd answers.

It frames and answers by itself, with nothing from the package under test.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from microtvm.transport import IoTimeoutError, Transport, TransportTimeouts

START_SESSION, SESSION_STARTED, TERMINATE, LOG, NORMAL = 0x00, 0x01, 0x02, 0x03, 0x10


def crc_by_division(data: bytes) -> int:
    """CRC-16/CCITT bit by bit, as polynomial division by x^16 + x^12 + x^5 + 1."""
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte << 8
        for _ in range(8):
            carry = remainder & 0x8000
            remainder = (remainder << 1) & 0xFFFF
            if carry:
                remainder ^= 0x1021
    return remainder


def escape(data: bytes) -> bytes:
    """Double every ff, byte by byte."""
    return b"".join(b"\xff\xff" if byte == 0xFF else bytes([byte]) for byte in data)


def packet(payload: bytes) -> bytes:
    """A framed payload."""
    covered = b"\xff\xfd" + escape(struct.pack("<I", len(payload)) + payload)
    return covered + escape(struct.pack("<H", crc_by_division(covered)))


def message(session_id: int, kind: int, body: bytes = b"") -> bytes:
    """A framed message of the session layer."""
    return packet(struct.pack("<HB", session_id, kind) + body)


class ScriptedTransport(Transport):
    """A transport whose other end is a function.

    Parameters
    ----------
    device : callable
        Takes the bytes of each write and gives the bytes to be read after it.
    timeouts : tuple of float
        Retry, start and established time limits in seconds.
    """

    def __init__(
        self,
        device: Callable[[bytes], bytes],
        timeouts: tuple[float, float, float] = (0, 0.2, 0.2),
    ):
        self._device = device
        self._timeouts = TransportTimeouts(*timeouts)
        self.incoming = b""
        self.written: list[bytes] = []
        self.reads: list[int] = []
        self.is_open = False

    def timeouts(self) -> TransportTimeouts:
        return self._timeouts

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        assert n > 0
        self.reads.append(n)
        if len(self.incoming) < n:
            assert timeout_sec is not None, "the client would wait for ever"
            time.sleep(timeout_sec)
            raise IoTimeoutError("nothing came in time")
        data, self.incoming = self.incoming[:n], self.incoming[n:]
        return data

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        self.written.append(data)
        self.incoming += self._device(data)


def nonce_of(written: bytes) -> int:
    """The initiator's nonce in the request for a session that ends a write."""
    start = written.rindex(b"\xff\xfd")
    body = written[start + 6 :].replace(b"\xff\xff", b"\xff")
    return body[0]
