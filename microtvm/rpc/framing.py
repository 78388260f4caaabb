# SPDX-License-Identifier: Apache-2.0
"""microTVM's framing: packets on a stream of bytes that may begin with noise.

On the wire a packet is ``ff fd | length | payload | crc``: the payload's length as a little-endian
uint32, then the payload, then a little-endian CRC-16/CCITT (polynomial 0x1021, start value 0xffff,
not reflected). A byte ``ff`` in length, payload or CRC is sent as ``ff ff``. The CRC covers the
escaped bytes from the packet's start up to itself. ``ff fe`` means nothing and may stand anywhere.

Source: TVM 0.18, ``include/tvm/runtime/crt/rpc_common/framing.h`` and
``src/runtime/crt/microtvm_rpc_common/framing.cc``.
"""

from __future__ import annotations

import binascii
import re
import struct

NOP = b"\xfe"
"""Sent once before the first packet: it completes an escape that noise may have begun."""

OVERHEAD_BYTES = 2 + 4 + 2
"""Start, length and CRC of a packet in which nothing needs an escape."""

MAX_PAYLOAD_BYTES = 1 << 22
"""Longest payload to believe in: above a client's largest packet, below a server's largest read."""

_ESCAPE = b"\xff"
_ESCAPED = b"\xff\xff"
_START = b"\xff\xfd"
_LITERAL, _NOP, _PACKET_START = 0xFF, 0xFE, 0xFD
_PLAIN = re.compile(rb"(?:[^\xff]+|\xff\xff)*")
_LENGTH_BYTES = 4
_CRC_BYTES = 2


def crc16(data: bytes, value: int = 0xFFFF) -> int:
    """CRC-16/CCITT as microTVM computes it; ``value`` continues an earlier CRC."""
    return binascii.crc_hqx(data, value)


def frame(payload: bytes) -> bytes:
    """Wrap ``payload`` in one packet."""
    length = struct.pack("<I", len(payload))
    covered = _START + (length + payload).replace(_ESCAPE, _ESCAPED)
    return covered + struct.pack("<H", crc16(covered)).replace(_ESCAPE, _ESCAPED)


class Unframer:
    """Find packets in bytes that arrive in pieces of any size.

    Noise between packets, packets with a wrong CRC, wrong escapes, and packets cut short by the
    start of another are dropped and counted.

    Parameters
    ----------
    min_payload : int
        Shortest payload the peer sends, in bytes. Only `bytes_needed` uses it.
    max_payload : int
        Longest payload to believe in, in bytes. Noise that looks like the start of a packet can
        announce any length; a longer one is dropped at once instead of waited for.
    """

    def __init__(self, min_payload: int = 0, max_payload: int = MAX_PAYLOAD_BYTES):
        self.dropped = 0
        self._min_payload = min_payload
        self._max_payload = max_payload
        self._tail = b""  # raw bytes whose meaning depends on the next one
        self._body: bytearray | None = None  # unescaped bytes of the packet being read
        self._stop = 0  # len(_body) at which the part being read ends
        self._payload_bytes: int | None = None  # None until the length field is read
        self._crc = 0

    @property
    def in_packet(self) -> bool:
        """Whether a packet has begun and not ended."""
        return self._body is not None

    def bytes_needed(self) -> int:
        """Give the least number of bytes that must still arrive before a packet can be whole.

        A transport that reads exactly what it is asked for can be asked for this many without
        waiting for bytes the peer never sends.
        """
        if self._body is None:
            return OVERHEAD_BYTES + self._min_payload - len(self._tail)
        if self._payload_bytes is None:
            end = _LENGTH_BYTES + self._min_payload + _CRC_BYTES
        else:
            end = _LENGTH_BYTES + self._payload_bytes + _CRC_BYTES
        return end - len(self._body)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the wire; give the payloads of the packets they complete, in order."""
        raw = self._tail + data
        self._tail = b""
        payloads: list[bytes] = []
        position = 0
        while position < len(raw):
            if self._body is None:
                found = raw.find(_START, position)
                if found < 0:
                    self._tail = _ESCAPE if raw.endswith(_ESCAPE) else b""
                    break
                self._begin()
                position = found + len(_START)
            else:
                position = self._read_part(raw, position)
                self._end_part(payloads)
        return payloads

    def _begin(self) -> None:
        self._body = bytearray()
        self._stop = _LENGTH_BYTES
        self._payload_bytes = None
        self._crc = crc16(_START)

    def _drop(self) -> None:
        self._body = None
        self.dropped += 1

    def _read_part(self, raw: bytes, position: int) -> int:
        """Unescape bytes of the current part; give the position after them."""
        assert self._body is not None
        wanted = self._stop - len(self._body)
        window = raw[position : position + wanted]
        plain = window.replace(_ESCAPED, _ESCAPE)
        if window.count(_ESCAPE) != 2 * plain.count(_ESCAPE):
            # An ff without its twin: the window cuts a pair in two, or it holds a command.
            match = _PLAIN.match(window)
            assert match is not None
            window = match.group()
            plain = window.replace(_ESCAPED, _ESCAPE)
        self._take(window, plain)
        position += len(window)
        if len(self._body) == self._stop or position == len(raw):
            return position
        if raw[position] != _LITERAL:
            return position
        if position + 1 == len(raw):
            self._tail = _ESCAPE
            return len(raw)
        command = raw[position + 1]
        if command == _LITERAL:
            self._take(_ESCAPED, _ESCAPE)
        elif command == _NOP:
            self._take(raw[position : position + 2], b"")
        elif command == _PACKET_START:
            self.dropped += 1
            self._begin()
        else:
            self._drop()
        return position + 2

    def _take(self, raw: bytes, plain: bytes) -> None:
        assert self._body is not None
        self._body += plain
        if self._payload_bytes is None or self._stop == _LENGTH_BYTES + self._payload_bytes:
            self._crc = crc16(raw, self._crc)

    def _end_part(self, payloads: list[bytes]) -> None:
        """Go on to the next part of the packet when the current one is whole."""
        if self._body is None or len(self._body) < self._stop:
            return
        if self._payload_bytes is None:
            (self._payload_bytes,) = struct.unpack("<I", self._body)
            if self._payload_bytes > self._max_payload:
                self._drop()
                return
            self._stop = _LENGTH_BYTES + self._payload_bytes
            if self._payload_bytes:
                return
        if self._stop == _LENGTH_BYTES + self._payload_bytes:
            self._stop += _CRC_BYTES
            return
        payload = bytes(memoryview(self._body)[_LENGTH_BYTES:-_CRC_BYTES])
        (crc,) = struct.unpack("<H", self._body[-_CRC_BYTES:])
        if crc == self._crc:
            payloads.append(payload)
            self._body = None
        else:
            self._drop()
