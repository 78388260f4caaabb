# SPDX-License-Identifier: Apache-2.0
"""Exact reads, whole writes, one deadline per call, through a server and a real process."""

from __future__ import annotations

import os
import pathlib
import time
from typing import Any, Callable

import pytest

from tests.server_kit.pipe_driver import PipeDriver, ReplyError, processes_below, wait_until


def open_(server: PipeDriver, firmware: str) -> Any:
    return server.call("open_transport", options={"firmware": firmware})


def name_of(call: Callable[[], Any]) -> tuple[str, str]:
    """The name and the detail of the error that a call raises."""
    with pytest.raises(ReplyError) as caught:
        call()
    assert caught.value.code == -32000
    return caught.value.message, caught.value.data["detail"]


def test_timeouts_are_those_of_the_handler(server: PipeDriver) -> None:
    assert open_(server, "echo") == {
        "timeouts": {
            "session_start_retry_timeout_sec": 1,
            "session_start_timeout_sec": 2,
            "session_established_timeout_sec": 3,
        }
    }


def test_both_dialects(server: PipeDriver) -> None:
    server.call("connect_transport", options={})
    server.write(b"abc")
    assert server.read(3) == b"abc"
    server.call("disconnect_transport")
    assert name_of(lambda: server.read(1))[0] == "TransportClosedError"


def test_one_mebibyte_each_way(server: PipeDriver) -> None:
    open_(server, "echo")
    data = os.urandom(1 << 20)
    server.write(data)
    assert server.read(len(data)) == data


def test_reads_are_exact_however_bytes_arrive(server: PipeDriver) -> None:
    open_(server, "echo")
    server.write(b"0123456789")
    assert [server.read(n) for n in (1, 0, 4, 5)] == [b"0", b"", b"1234", b"56789"]
    server.write(b"ab")
    server.write(b"cd")
    assert server.read(4) == b"abcd"


def test_nothing_is_lost_by_a_time_out(server: PipeDriver) -> None:
    open_(server, "late")
    start = time.monotonic()
    name, detail = name_of(lambda: server.read(10, timeout_sec=0.2))
    assert 0.2 <= time.monotonic() - start < 0.6
    assert name == "IoTimeoutError"
    assert "5 of 10 bytes have arrived and are kept for the next read" in detail
    assert server.read(10, timeout_sec=None) == b"firstlater"


def test_a_time_out_of_zero_takes_what_is_there(server: PipeDriver) -> None:
    open_(server, "echo")
    assert name_of(lambda: server.read(1, timeout_sec=0))[0] == "IoTimeoutError"
    server.write(b"xy", timeout_sec=0)
    assert server.read(1) == b"x"
    assert server.read(1, timeout_sec=0) == b"y"


def test_bytes_sent_before_the_end_are_given_out(server: PipeDriver) -> None:
    open_(server, "dies")
    name, detail = name_of(lambda: server.read(11))
    assert name == "TransportClosedError"
    assert "exit status 3" in detail and detail.endswith("10 of 11 bytes had arrived")
    assert server.read(5) == b"last "
    assert server.read(5) == b"words"
    assert name_of(lambda: server.read(1))[0] == "TransportClosedError"
    assert name_of(lambda: server.write(b"x"))[0] == "TransportClosedError"


def test_a_write_that_nobody_takes(server: PipeDriver) -> None:
    open_(server, "deaf")
    start = time.monotonic()
    name, detail = name_of(lambda: server.write(bytes(1 << 20), timeout_sec=0.3))
    assert 0.3 <= time.monotonic() - start < 2
    assert name == "IoTimeoutError" and "of 1048576 bytes" in detail


def test_closed_before_it_was_opened(server: PipeDriver) -> None:
    server.call("close_transport")
    for call in (lambda: server.read(1), lambda: server.write(b"x")):
        name, detail = name_of(call)
        assert name == "TransportClosedError"
        assert "call open_transport first" in detail


def test_opening_twice_keeps_the_firmware_and_closing_twice_is_nothing(server: PipeDriver) -> None:
    open_(server, "boots")
    process_id = server.read(10)
    open_(server, "boots")
    assert name_of(lambda: server.read(1, timeout_sec=0.2))[0] == "IoTimeoutError"
    server.call("close_transport")
    server.call("close_transport")
    open_(server, "boots")
    assert server.read(10) != process_id


def test_opening_again_after_the_firmware_died_starts_it_anew(server: PipeDriver) -> None:
    open_(server, "dies")
    assert name_of(lambda: server.read(100))[0] == "TransportClosedError"
    open_(server, "dies")
    assert server.read(10) == b"last words"


@pytest.mark.parametrize("firmware", ["deaf", "family"])
def test_closing_ends_the_whole_process_group(
    server: PipeDriver, tmp_path: pathlib.Path, firmware: str
) -> None:
    open_(server, firmware)
    server.read(1)
    assert len(processes_below(tmp_path)) >= 2  # the server and its firmware
    server.call("close_transport")
    assert wait_until(lambda: processes_below(tmp_path) == [server.process.pid])
