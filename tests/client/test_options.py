# SPDX-License-Identifier: Apache-2.0
"""Project options: from text, with defaults, remembered."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from microtvm import options
from microtvm.cli.arguments import join_option_values
from microtvm.options import ProjectOptionError

LISTED = [
    {"name": "board", "type": "str", "default": None},
    {"name": "number", "type": "int", "default": 3},
    {"name": "ratio", "type": "float", "default": 0.5},
    {"name": "fast", "type": "bool", "default": False},
    {"name": "old"},
]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("board", "12", "12"),
        ("number", "12", 12),
        ("number", "0x10", 16),
        ("ratio", "1e-3", 0.001),
        ("fast", "true", True),
        ("fast", "No", False),
        ("number", 7, 7),
        ("board", None, None),
        ("old", "as it is", "as it is"),
    ],
)
def test_text_gets_the_listed_type(name: str, text: Any, value: Any) -> None:
    converted = options.convert({name: text}, LISTED)[name]
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("extra_files_tar", "more.tar", "HERE/more.tar"),
        ("cmsis_path", "../CMSIS-NN", "HERE/../CMSIS-NN"),
        ("zephyr_base", "/opt/zephyr", "/opt/zephyr"),
        ("arm_fvp_path", "~/FVP", "HOME/FVP"),
        ("board", pathlib.Path("x"), "HERE/x"),
        ("board", "mps2/an385", "mps2/an385"),
        ("cmsis_path", "", ""),
        ("cmsis_path", None, None),
    ],
)
def test_a_path_is_meant_from_here(
    name: str, given: Any, sent: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/u")
    if sent is not None:
        sent = sent.replace("HERE", str(tmp_path)).replace("HOME", "/home/u")
    assert options.convert({name: given}, LISTED)[name] == sent


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("number", "ten", "'number' wants a whole number and was given 'ten'"),
        ("ratio", "half", "'ratio' wants a number and was given 'half'"),
        ("fast", "maybe", "'fast' wants true or false and was given 'maybe'"),
    ],
)
def test_text_that_is_not_of_its_type(name: str, text: str, says: str) -> None:
    with pytest.raises(ProjectOptionError, match=says):
        options.convert({name: text}, LISTED)


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(ProjectOptionError, match=r"'bord' \(did you mean 'board'\?\).*ratio"):
        options.check_names({"bord": "x"}, LISTED)


def test_defaults_only_where_listed() -> None:
    sent = options.with_defaults({"board": "x"}, LISTED)
    assert sent == {"board": "x", "number": 3, "ratio": 0.5, "fast": False}


def test_remembered_beside_the_project(tmp_path: pathlib.Path) -> None:
    assert options.remembered(tmp_path) == {}
    options.remember(tmp_path, {"board": "x", "number": 3}, LISTED)
    assert options.remembered(tmp_path) == {"board": "x", "number": 3}


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_damaged_memory_is_named(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / options.FILE_NAME).write_text(text)
    with pytest.raises(ProjectOptionError, match=options.FILE_NAME):
        options.remembered(tmp_path)


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ("create --project-option a=1 b=2 dir m.tar", "create {0}=a=1 {0}=b=2 dir m.tar"),
        ("create dir --project-option a=1 --template t", "create dir {0}=a=1 --template t"),
        ("--project-option a=1 --project-option b=x=y", "{0}=a=1 {0}=b=x=y"),
        ("--project-option=a=1 b=2", "{0}=a=1 b=2"),
        ("dir a=1", "dir a=1"),
        ("dir --project-option x", "dir --project-option x"),
        ("dir --project-option", "dir --project-option"),
    ],
)
def test_several_options_after_one_flag(words: str, joined: str) -> None:
    flag = "--project-option"
    assert join_option_values(words.split()) == joined.format(flag).split()
