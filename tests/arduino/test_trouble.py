# SPDX-License-Identifier: Apache-2.0
"""A board that hangs, and one that misses an upload, are there again at the next try."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import microtvm
from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import at_board, flashed, run, sine_reference

X = np.float32([[1]])
GREETING_BYTES = 12


def answer(project: Any) -> np.ndarray:
    """What the board answers, in a session of its own."""
    with microtvm.Session(project.transport()) as session:
        return run(microtvm.create_local_aot_executor(session), X)


def test_a_sketch_that_hangs_is_there_after_a_reset(
    sine_project: pathlib.Path, mega: EmulatedMega
) -> None:
    with flashed(sine_project, mega) as project:
        with project.transport() as wire:
            wire.read(GREETING_BYTES, 20)  # the firmware is up
            mega.do("hang")
            with pytest.raises(microtvm.IoTimeoutError, match="0 of 1"):
                wire.read(1, 1)
        assert np.abs(answer(project) - sine_reference(X)).max() < 1e-4


def test_an_upload_that_fails_once_is_repeated(
    sine_project: pathlib.Path, mega: EmulatedMega, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    failed = tmp_path / "failed_once"
    monkeypatch.setenv("FAILED_ONCE", str(failed))
    cli = str(pathlib.Path(__file__).with_name("failing_once_arduino_cli.py"))
    given = {"port": mega.port, "arduino_cli_cmd": cli}
    with microtvm.GeneratedProject.from_directory(sine_project, given) as project:
        project.flash()
        assert failed.exists()
    with at_board(sine_project, mega.port) as project:
        assert np.abs(answer(project) - sine_reference(X)).max() < 1e-4
