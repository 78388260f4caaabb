# SPDX-License-Identifier: Apache-2.0
"""Lines from a pipe in bounded memory."""

from __future__ import annotations

import os
import threading
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_kit.api.lines import LineReader
from server_kit.errors import InvalidRequestError


def read_all(data: bytes, limit: int = 8) -> list[bytes | str]:
    """What a reader makes of ``data``; the name of the error where a line is too long."""
    read_fd, write_fd = os.pipe()
    os.write(write_fd, data)
    os.close(write_fd)
    reader = LineReader(read_fd, limit)
    lines: list[bytes | str] = []
    while True:
        try:
            line = reader.read()
        except InvalidRequestError as error:
            lines.append(str(error))
            continue
        if line is None:
            os.close(read_fd)
            return lines
        lines.append(line)


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=20))
def test_every_line_comes_or_is_refused(lines: list[bytes]) -> None:
    expected = [
        line if len(line) <= 8 else f"the line has {len(line)} bytes; the longest allowed has 8"
        for line in lines
    ]
    assert read_all(b"".join(line + b"\n" for line in lines)) == expected


def test_the_end_of_input_ends_a_line() -> None:
    assert read_all(b"one\ntwo") == [b"one", b"two"]
    assert read_all(b"one\n123456789") == [
        b"one",
        "the line has 9 bytes; the longest allowed has 8",
    ]


def test_a_line_of_64_mib_is_not_kept() -> None:
    read_fd, write_fd = os.pipe()
    piece = b"x" * (1 << 20)

    def write() -> None:
        for _ in range(64):
            os.write(write_fd, piece)
        os.write(write_fd, b"\nnext\n")
        os.close(write_fd)

    writer = threading.Thread(target=write)
    reader = LineReader(read_fd, 1 << 20)
    tracemalloc.start()
    writer.start()
    with pytest.raises(InvalidRequestError, match=str(64 << 20)):
        reader.read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    assert reader.read() == b"next"
    writer.join()
    os.close(read_fd)
