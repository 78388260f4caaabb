# SPDX-License-Identifier: Apache-2.0
"""arduino-cli 0.18, which tells less, and in other forms: the whole way, and what goes wrong."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import microtvm
from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import ERRORS, at_board, flashed, generate, run, sine_reference

OLD = str(pathlib.Path(__file__).with_name("stand_in_arduino_cli_0_18.py"))


@pytest.fixture(autouse=True)
def _tools(require: Callable[..., str]) -> None:
    for tool in ("arduino-builder", "arduino-ctags", "avr-gcc", "avrdude"):
        require(tool, "compile and upload sketches")


def test_the_whole_way(
    sine_archive: pathlib.Path, tmp_path: pathlib.Path, mega: EmulatedMega
) -> None:
    target = tmp_path / "project"
    generate(sine_archive, target, OLD, compile_definitions="-DOF_THE_OPTION").build()
    x = np.float32([[1]])
    with flashed(target, mega) as project, microtvm.Session(project.transport()) as session:
        model = microtvm.create_local_aot_executor(session)
        assert np.abs(run(model, x) - sine_reference(x)).max() < 1e-4
    mega.do("unplug")
    with at_board(target, mega.port) as project, pytest.raises(ERRORS, match="is not there"):
        project.flash()


@pytest.mark.parametrize(
    ("board", "message"),
    [
        ("arduino:avr:nosuch", "arduino-cli knows no arduino:avr:nosuch"),
        ("arduino:avr:mega:cpu=z80", "arduino-cli knows no arduino:avr:mega:cpu=z80"),
        ("adafruit:samd:adafruit_metro_m4", "core install adafruit:samd --additional-urls https"),
    ],
)
def test_boards_that_cannot_be_built_for(
    sine_archive: pathlib.Path, tmp_path: pathlib.Path, board: str, message: str
) -> None:
    project = generate(sine_archive, tmp_path / "project", OLD, board=board)
    with project, pytest.raises(ERRORS, match=message):
        project.build()


def test_ports_and_an_upload_that_fails(sine_project: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("EMULATED_MEGA2560", "/dev/ttyACM7 /dev/ttyACM8")
    with (
        opened(sine_project) as project,
        pytest.raises(ERRORS, match="2 boards of the kind .* /dev/ttyACM7, /dev/ttyACM8"),
    ):
        project.flash()
    monkeypatch.delenv("EMULATED_MEGA2560")
    with (
        opened(sine_project) as project,
        pytest.raises(ERRORS, match="upload failed: .*no upload port provided, without a port"),
    ):
        project.flash()


def opened(project: pathlib.Path) -> Any:
    """A project whose board nobody names."""
    return microtvm.GeneratedProject.from_directory(project, {"arduino_cli_cmd": OLD})
