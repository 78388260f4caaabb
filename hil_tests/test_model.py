# SPDX-License-Identifier: Apache-2.0
"""The model answers rightly, after however many sessions."""

from __future__ import annotations

import numpy as np
import pytest

import microtvm
from microtvm.errors import MicroTVMError
from microtvm.project import GeneratedProject
from server_kit.errors import JSONRPCError

RESTARTS = 100
X = np.float32([1, -2, 0.5, 100])


def answer(session: microtvm.Session, x: np.ndarray) -> np.ndarray:
    model = microtvm.create_local_aot_executor(session)
    model.run(x=x)
    return model.get_output(0).numpy()


def test_hundred_sessions_one_after_the_other(device):
    for turn in range(RESTARTS):
        with device.session() as session:
            np.testing.assert_array_equal(answer(session, X + turn), 2 * (X + turn) + 1)


def test_flashed_again_it_answers(device):
    device.project.flash()
    with device.session() as session:
        np.testing.assert_array_equal(answer(session, X), 2 * X + 1)


def test_time_evaluator_gives_times_above_nothing(device):
    with device.session() as session:
        model = microtvm.create_local_aot_executor(session)
        result = model.benchmark(number=10, repeat=3, x=X)
    assert len(result.results) == 3
    assert 0 < result.min <= result.max < 10


def test_a_board_in_use_is_refused_to_others(device):
    if "port" not in device.board.options:
        pytest.skip("a port is missing; it is needed to take it from another process")
    directory = device.project_directory
    with (
        device.session(),
        GeneratedProject.from_directory(directory, device.project.options) as other,
        pytest.raises((MicroTVMError, JSONRPCError), match="in use by process"),
        microtvm.Session(other.transport()),
    ):
        pass
