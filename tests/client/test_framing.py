# SPDX-License-Identifier: Apache-2.0
"""Framing: vectors worked out by hand, and every way a stream can be cut or spoiled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microtvm.rpc.framing import NOP, OVERHEAD_BYTES, Unframer, crc16, frame

from .scripted import crc_by_division, escape, packet

# Bytes that mean something to the framing come up often.
SPECIAL = st.sampled_from([0xFF, 0xFE, 0xFD, 0x00, 0x41])
PAYLOADS = st.one_of(st.binary(max_size=80), st.lists(SPECIAL, max_size=40).map(bytes))
NOISE = st.lists(st.integers(0, 254), max_size=20).map(bytes)  # no ff: no start of a packet

VECTORS = {
    # Session header 0000 (no session), type 02 (terminate); three bytes, so the length is
    # 03 00 00 00. The CRC over ff fd 03 00 00 00 00 00 02 is 0x7766, low byte first.
    "terminate": (bytes.fromhex("000002"), "fffd 03000000 000002 6677"),
    # Session id 003d (initiator's nonce 3d, none from the responder yet), type 00 (start), and
    # version 01.
    "start": (bytes.fromhex("3d000001"), "fffd 04000000 3d000001 44cc"),
    # A payload of one ff: the length counts it once, the wire doubles it, the CRC covers both.
    "escape": (b"\xff", "fffd 01000000 ffff 4c38"),
    # The CRC is 0xffb7: its high byte, the last, is doubled too.
    "escape in crc": (bytes.fromhex("150000"), "fffd 03000000 150000 b7ffff"),
    "empty": (b"", "fffd 00000000 8344"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    payload, wire = VECTORS[name]
    assert frame(payload).hex() == wire.replace(" ", "")
    assert Unframer().feed(bytes.fromhex(wire)) == [payload]


def test_length_is_escaped() -> None:
    wire = frame(bytes(255))
    assert wire.startswith(bytes.fromhex("fffd ffff000000"))
    assert Unframer().feed(wire) == [bytes(255)]


def test_crc_check_value() -> None:
    # The check value that catalogues of CRCs list for CRC-16/CCITT with start value ffff.
    assert crc16(b"123456789") == 0x29B1


@given(st.binary(max_size=200))
def test_crc_is_the_division(data: bytes) -> None:
    assert crc16(data) == crc_by_division(data)


@given(PAYLOADS)
def test_frame_is_what_the_definition_says(payload: bytes) -> None:
    assert frame(payload) == packet(payload)


@given(st.lists(PAYLOADS, max_size=4), st.lists(NOISE, min_size=5, max_size=5), st.data())
def test_every_split_gives_the_same_packets(
    payloads: list[bytes], noise: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(n + frame(p) for n, p in zip(noise, payloads, strict=False)) + noise[-1]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    unframer = Unframer()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += unframer.feed(stream[start:end])
    assert found == payloads
    assert unframer.dropped == 0
    assert not unframer.in_packet


@given(PAYLOADS)
def test_byte_by_byte(payload: bytes) -> None:
    unframer = Unframer()
    found = [p for byte in frame(payload) for p in unframer.feed(bytes([byte]))]
    assert found == [payload]


@given(st.lists(PAYLOADS, min_size=1, max_size=3))
def test_asking_for_what_is_needed_never_asks_for_more_than_comes(payloads: list[bytes]) -> None:
    stream = NOP + b"".join(map(frame, payloads))
    unframer = Unframer()
    found: list[bytes] = []
    while len(found) < len(payloads):
        needed = unframer.bytes_needed()
        assert 0 < needed <= len(stream)
        found += unframer.feed(stream[:needed])
        stream = stream[needed:]
    assert found == payloads
    assert stream == b""


def test_reads_are_few() -> None:
    # A reply of 1 KiB: the shortest packet, the rest of it, and its 4 escapes.
    stream = frame(bytes(1000) + b"\xff" * 4 + bytes(20))
    unframer, asked, found = Unframer(min_payload=3), [], []
    while not found:
        asked.append(unframer.bytes_needed())
        found = unframer.feed(stream[: asked[-1]])
        stream = stream[asked[-1] :]
    assert asked[0] == OVERHEAD_BYTES + 3
    assert len(asked) == 3


@given(PAYLOADS, st.integers(1, 255))
def test_a_wrong_crc_drops_the_packet_and_no_more(payload: bytes, flip: int) -> None:
    covered = b"\xff\xfd" + escape(len(payload).to_bytes(4, "little") + payload)
    crc = crc_by_division(covered)
    spoiled = covered + escape(bytes([crc & 255 ^ flip, crc >> 8]))
    unframer = Unframer()
    assert unframer.feed(spoiled + frame(b"next")) == [b"next"]
    assert unframer.dropped == 1


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_packet_cut_short_by_another_is_dropped(payload: bytes, data: st.DataObject) -> None:
    whole = frame(payload)
    cut = whole[: data.draw(st.integers(2, len(whole) - 1))]
    if (len(cut) - len(cut.rstrip(b"\xff"))) % 2:
        cut = cut[:-1]  # an escape cut in two would take the next start for its second half
    unframer = Unframer()
    assert unframer.feed(cut + frame(b"next")) == [b"next"]
    assert unframer.dropped == 1


def test_nop_stands_anywhere_and_is_covered_by_the_crc() -> None:
    covered = bytes.fromhex("fffd 02000000 41 fffe 42")
    wire = covered + crc_by_division(covered).to_bytes(2, "little")
    assert Unframer().feed(wire) == [b"AB"]


def test_an_unknown_escape_drops_the_packet() -> None:
    unframer = Unframer()
    assert unframer.feed(bytes.fromhex("fffd 02000000 ff07") + frame(b"next")) == [b"next"]
    assert unframer.dropped == 1


def test_noise_that_looks_like_a_huge_packet_is_not_waited_for() -> None:
    unframer = Unframer(max_payload=1 << 16)
    assert unframer.feed(bytes.fromhex("fffd 00000001")) == []
    assert not unframer.in_packet
    assert unframer.feed(frame(b"next")) == [b"next"]


def test_an_escape_begun_by_noise_does_not_hide_a_packet() -> None:
    assert Unframer().feed(b"\xff" + NOP + frame(b"first")) == [b"first"]
    assert Unframer().feed(b"\xff" + frame(b"first")) == [b"first"]


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    unframer = Unframer()
    unframer.feed(data)
    assert unframer.bytes_needed() > 0
    if not unframer.in_packet:
        assert unframer.feed(frame(b"x")) == [b"x"]
