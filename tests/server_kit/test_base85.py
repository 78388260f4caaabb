# SPDX-License-Identifier: Apache-2.0
"""Base85 against the standard library's, which TVM's client uses."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server_kit.api import base85


@given(st.binary(max_size=400))
@example(b"")
@example(b"\xff" * 8)
@example(b"\0" * 5)
def test_encodes_as_the_standard_library_does(data: bytes) -> None:
    text = base85.encode(data)
    assert text == base64.b85encode(data).decode()
    assert base85.decode(text) == data


def test_encodes_every_word_at_the_edge_of_a_quotient() -> None:
    edges = range(0, 1 << 32, 85 * 85)
    words = [*edges, *(edge - 1 for edge in edges[1:]), (1 << 32) - 1]
    data = struct.pack(f">{len(words)}I", *words)
    assert base85.encode(data) == base64.b85encode(data).decode()


def test_no_digit_needs_escaping_in_json() -> None:
    data = bytes(range(256)) * 85
    text = base85.encode(data)
    assert len(set(text)) == 85
    assert json.dumps(text) == f'"{text}"'


@given(st.text(alphabet=st.characters(max_codepoint=300), max_size=40))
def test_refuses_what_the_standard_library_refuses(text: str) -> None:
    try:
        expected = base64.b85decode(text)
    except ValueError:
        with pytest.raises(ValueError):
            base85.decode(text)
    else:
        assert base85.decode(text) == expected


def test_large_payloads_come_back_whole() -> None:
    data = bytes(range(256)) * 4096 + b"tail"
    assert base85.decode(base85.encode(data)) == data


@pytest.mark.parametrize(
    ("text", "complaint"),
    [('ab"de', "character 2 is '\"'"), ("~~~~~", "more than 32 bits"), ("abé", "character 2")],
)
def test_says_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        base85.decode(text)
