# SPDX-License-Identifier: Apache-2.0
"""Options: typed, validated, and forgiving where the five generations of clients differ."""

from __future__ import annotations

from typing import Any

import pytest

from server_kit import OptionError, ProjectOption, default_project_options
from server_kit.api.options import read_options
from tests.server_kit.pipe_driver import PipeDriver, ReplyError

OPTIONS = [
    ProjectOption("project_type", help="Kind.", choices=["a", "bc"], required=["build"]),
    ProjectOption("level", help="Level.", type="int", default=3, optional=["build"]),
    ProjectOption("scale", help="Scale.", type="float", optional=["build"]),
    ProjectOption("verbose", help="Talk.", type="bool", default=False, optional=["build"]),
    ProjectOption("port", help="Port.", optional=["flash", "open_transport"]),
]


def read(**given: Any) -> dict[str, Any]:
    return read_options(OPTIONS, "build", {"project_type": "a", **given})


def complaint(**given: Any) -> str:
    with pytest.raises(OptionError) as caught:
        read(**given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("level", 7, 7),
        ("level", "7", 7),
        ("level", "0x10", 16),
        ("level", 7.0, 7),
        ("level", None, 3),
        ("scale", 2, 2.0),
        ("scale", "2.5", 2.5),
        ("scale", None, None),
        ("verbose", True, True),
        ("verbose", 1, True),
        ("verbose", "1", True),
        ("verbose", "True", True),
        ("verbose", "off", False),
        ("verbose", "false", False),
        ("verbose", 0, False),
        ("verbose", None, False),
        ("project_type", "bc", "bc"),
    ],
)
def test_values_are_read_as_typed(name: str, given: Any, value: Any) -> None:
    result = read(**{name: given})[name]
    assert result == value and type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("level", "seven"),
        ("level", 7.5),
        ("level", True),
        ("level", [7]),
        ("scale", "wide"),
        ("scale", "nan"),
        ("scale", 10**400),
        ("scale", True),
        ("verbose", "maybe"),
        ("verbose", 2),
        ("verbose", {}),
        ("project_type", 5),
        ("project_type", ["a", {}]),
    ],
)
def test_values_of_another_type_name_the_option_and_what_is_allowed(name: str, given: Any) -> None:
    text = complaint(**{name: given})
    assert text.startswith(f"build: option '{name}' was given ")
    assert "allowed is" in text


def test_a_wrong_choice_names_the_nearest() -> None:
    assert complaint(project_type="bcd") == (
        "build: option 'project_type' was given 'bcd'; allowed is one of a, bc (did you mean 'bc'?)"
    )


def test_an_unknown_name_names_the_nearest() -> None:
    text = complaint(verbos=True)
    assert "there is no option 'verbos' (did you mean 'verbose'?)" in text
    assert "project_type, level, scale, verbose, port" in text


def test_a_required_option_that_is_missing_or_null() -> None:
    for given in ({}, {"project_type": None}):
        with pytest.raises(OptionError, match="option 'project_type' is required .*one of a, bc"):
            read_options(OPTIONS, "build", given)


def test_options_of_other_methods_are_ignored() -> None:
    assert "port" not in read(port="/dev/ttyACM0")
    assert read_options(OPTIONS, "flash", {"project_type": "no such", "port": 5}) == {"port": "5"}


def test_strings_are_taken_as_they_are() -> None:
    for text in ("a b", "a;b", '"$(reboot)"', "line\nbreak", "ünïcödé"):
        assert read_options(OPTIONS, "flash", {"port": text}) == {"port": text}
    assert read_options(OPTIONS, "flash", {"port": ["-DA", "-DB"]}) == {"port": "-DA -DB"}
    with pytest.raises(OptionError):
        read_options(OPTIONS, "flash", {"port": "nul\0byte"})


def test_long_values_do_not_fill_the_message() -> None:
    assert len(complaint(project_type="x" * 100_000)) < 500


def test_default_options_are_those_of_tvm_and_can_be_changed() -> None:
    options = default_project_options(verbose={"optional": ["build"]})
    assert [option.name for option in options] == [
        "verbose",
        "project_type",
        "board",
        "cmsis_path",
        "workspace_size_bytes",
        "warning_as_error",
        "compile_definitions",
        "extra_files_tar",
    ]
    assert options[0].optional == ["build"]
    assert [option.name for option in options if option.required] == ["project_type", "board"]
    with pytest.raises(ValueError, match="verbos"):
        default_project_options(verbos={})


def test_what_has_a_default_is_optional_on_the_wire() -> None:
    board = ProjectOption("board", required=["generate_project"], help="Board.", default="host")
    assert (board.to_json()["required"], board.to_json()["optional"]) == (
        None,
        ["generate_project"],
    )
    (_, _, changed, *_) = default_project_options(board={"default": "host"})
    assert (changed.required, changed.optional) == (None, ["generate_project"])


@pytest.mark.parametrize(
    "attributes", [{}, {"optional": ["biuld"]}, {"optional": ["build"], "type": "text"}]
)
def test_an_option_that_makes_no_sense_is_refused_when_it_is_written(attributes: Any) -> None:
    with pytest.raises(ValueError):
        ProjectOption("name", help="Help.", **attributes)


def test_a_wrong_option_reaches_the_client(server: PipeDriver) -> None:
    with pytest.raises(ReplyError) as caught:
        server.call("build", options={"project_type": "c"})
    assert caught.value.code == -32000
    assert caught.value.message == (
        "build: option 'project_type' was given 'c'; allowed is one of a, b"
    )
