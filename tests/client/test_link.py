# SPDX-License-Identifier: Apache-2.0
"""The session layer against a scripted device: what real firmware cannot be made to do."""

from __future__ import annotations

import random

import pytest

from microtvm.rpc.link import Link, SessionTerminatedError, SessionTimeoutError

from .scripted import (
    LOG,
    NORMAL,
    SESSION_STARTED,
    TERMINATE,
    ScriptedTransport,
    message,
    nonce_of,
    packet,
)

RESPONDER = 0x5A


def started(written: bytes, version: int = 1) -> bytes:
    session = nonce_of(written) | RESPONDER << 8
    return message(session, SESSION_STARTED, bytes([version]))


def open_link(transport: ScriptedTransport, **kwargs: object) -> Link:
    link = Link(transport, transport.timeouts(), **kwargs)
    link.open()
    return link


def session_of(transport: ScriptedTransport) -> int:
    return nonce_of(transport.written[0]) | RESPONDER << 8


def test_the_first_bytes_on_the_wire() -> None:
    transport = ScriptedTransport(started)
    open_link(transport)
    (written,) = transport.written
    nonce = nonce_of(written)
    assert nonce != 0
    # A nop, terminate outside any session, then start with the client's nonce and version 1.
    assert written == b"\xfe" + message(0, TERMINATE) + message(nonce, 0x00, b"\x01")


def test_a_normal_message_carries_the_session_id() -> None:
    transport = ScriptedTransport(started)
    link = open_link(transport)
    link.send(b"request")
    assert transport.written[1] == message(session_of(transport), NORMAL, b"request")


def test_noise_and_the_devices_own_terminate_before_the_session() -> None:
    boot = b"*** Booting ***\r\n\xff" + b"\xfe" + message(0, TERMINATE)
    transport = ScriptedTransport(lambda written: boot + started(written))
    open_link(transport)
    assert transport.incoming == b""


def test_noise_that_looks_like_a_long_packet_costs_one_retry() -> None:
    answers = [b"\xff\xfd\x00\x10\x00\x00noise", b""]

    def device(written: bytes) -> bytes:
        return answers.pop(0) if answers else started(written)

    open_link(ScriptedTransport(device, (0.02, 5, 1)))


def test_the_start_is_repeated_with_another_nonce() -> None:
    attempts = []

    def device(written: bytes) -> bytes:
        attempts.append(nonce_of(written))
        if len(attempts) < 3:
            return b""
        # The answer to an attempt that was given up comes first, and is not taken.
        late = message(attempts[0] | 0x77 << 8, SESSION_STARTED, b"\x01")
        return late + started(written)

    transport = ScriptedTransport(device, (0.02, 5, 1))
    link = open_link(transport)
    assert len(attempts) == 3
    assert attempts[0] != attempts[1] != attempts[2]
    link.send(b"x")
    assert transport.written[-1] == message(attempts[2] | RESPONDER << 8, NORMAL, b"x")


def test_no_device() -> None:
    transport = ScriptedTransport(lambda written: b"", (0.02, 0.1, 1))
    with pytest.raises(SessionTimeoutError, match=r"did not answer within 0\.1 s"):
        open_link(transport)
    assert len(transport.written) > 1


def test_no_device_and_no_retry() -> None:
    transport = ScriptedTransport(lambda written: b"", (0, 0.1, 1))
    with pytest.raises(SessionTimeoutError):
        open_link(transport)
    assert len(transport.written) == 1


def test_another_version_is_named() -> None:
    transport = ScriptedTransport(lambda written: started(written, version=2))
    with pytest.raises(SessionTimeoutError, match="version 2 .* version 1"):
        open_link(transport)


def test_logs_are_passed_on() -> None:
    lines: list[str] = []
    transport = ScriptedTransport(lambda w: message(0, LOG, b"hello\n") + started(w))
    link = open_link(transport, on_log=lines.append)
    session = session_of(transport)
    transport.incoming = (
        message(session, LOG, "gr\u00fc\u00df".encode())
        + message(session ^ 1, LOG, b"of another session")
        + message(0, LOG, b"\xfe bad text")
        + message(session, NORMAL, b"answer")
    )
    assert link.receive() == b"answer"
    assert lines == ["hello", "gr\u00fc\u00df", "\ufffd bad text"]


def test_messages_of_other_sessions_are_not_taken() -> None:
    transport = ScriptedTransport(started)
    link = open_link(transport)
    session = session_of(transport)
    transport.incoming = message(session ^ 1, NORMAL, b"old") + message(session, NORMAL, b"new")
    assert link.receive() == b"new"


def test_a_reset_in_the_middle_of_a_session() -> None:
    transport = ScriptedTransport(started)
    link = open_link(transport)
    transport.incoming = message(0, LOG, b"stack overflow") + b"\xfe" + message(0, TERMINATE)
    with pytest.raises(SessionTerminatedError, match="reset.*stack overflow"):
        link.receive()


def test_a_reset_in_the_middle_of_a_long_message() -> None:
    # The rest of the message never comes, so a read of all of it times out; what did come says why.
    transport = ScriptedTransport(started, (0, 1, 0.05))
    link = open_link(transport)
    whole = message(session_of(transport), NORMAL, bytes(2000))
    transport.incoming = whole[:700] + b"\xfe" + message(0, TERMINATE)
    with pytest.raises(SessionTerminatedError, match="reset"):
        link.receive()


def test_silence_in_a_session() -> None:
    transport = ScriptedTransport(started, (0, 1, 0.05))
    link = open_link(transport)
    with pytest.raises(SessionTimeoutError, match=r"0\.05 s"):
        link.receive()


def test_noise_without_end_does_not_hold_a_time_out_up() -> None:
    transport = ScriptedTransport(started, (0, 1, 0.05))
    link = open_link(transport)
    transport.incoming = b"\x55" * (1 << 20)
    with pytest.raises(SessionTimeoutError):
        link.receive()


def test_a_message_spoiled_on_the_wire_is_not_taken() -> None:
    transport = ScriptedTransport(started, (0, 1, 0.05))
    link = open_link(transport)
    good = message(session_of(transport), NORMAL, b"answer")
    transport.incoming = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(SessionTimeoutError):
        link.receive()


def test_a_packet_too_short_for_a_header_is_passed_over() -> None:
    transport = ScriptedTransport(started)
    link = open_link(transport)
    transport.incoming = packet(b"\x01") + message(session_of(transport), NORMAL, b"answer")
    assert link.receive() == b"answer"


def test_closing_tells_the_device_once() -> None:
    transport = ScriptedTransport(started)
    link = open_link(transport)
    link.close()
    link.close()
    assert transport.written[1:] == [message(0, TERMINATE)]


def test_a_reply_takes_one_write_and_two_reads() -> None:
    # A nonce for which no byte of the packet is doubled: with one, a third read is right.
    random.seed(0)
    transport = ScriptedTransport(started)
    link = open_link(transport)
    transport.reads.clear()
    transport.incoming = message(session_of(transport), NORMAL, bytes(500))
    assert len(transport.incoming) == 11 + 500
    link.receive()
    assert transport.reads == [11, 500]
