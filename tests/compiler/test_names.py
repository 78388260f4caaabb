# SPDX-License-Identifier: Apache-2.0
"""Names in C: any name of a tensor gives valid C, and stays readable at run time."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microtvm.compiler.emit.names import comment, identifier, identifiers, string_literal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("serving_default_input_1:0", "serving_default_input_1_0"),
        ("x", "x"),
        ("conv2d/Relu;bias", "conv2d_Relu_bias"),
        ("3d", "_3d"),
        ("", "_"),
        ("int", "int_"),
        ("class", "class_"),
        ("NAN", "NAN_"),
        ("naïve", "na_ve"),
    ],
)
def test_identifier(name, expected):
    assert identifier(name) == expected


@given(st.lists(st.text(max_size=12), max_size=12))
def test_identifiers_are_valid_and_distinct_even_as_macros(names):
    result = identifiers(names)
    assert all(text.isascii() and text.isidentifier() for text in result)
    assert len({text.upper() for text in result}) == len(names)


@given(st.text(max_size=40))
def test_string_literal_is_ascii_and_keeps_every_byte(text):
    literal = string_literal(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert "??" not in literal
    # C and Python agree on octal escapes of three digits.
    assert ast.literal_eval("b" + literal) == text.encode()


@given(st.text(max_size=40))
def test_comment_neither_ends_nor_nests(text):
    line = comment(text)
    assert line.isascii()
    assert "\n" not in line
    assert "*/" not in line
    assert "/*" not in line
    assert not line.endswith("\\")
