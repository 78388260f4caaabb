# SPDX-License-Identifier: Apache-2.0
"""A 32-bit board: each kind of project on an emulated STM32F405, where its core is."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import microtvm
from tests.arduino.conftest import at_board, run, sine_reference
from tests.arduino.emulated_stm32.board import EmulatedStm32
from tests.device_kit.mlperf_terminal import Terminal

pytestmark = pytest.mark.timeout(900)

Make = Callable[..., pathlib.Path]

POINTS = np.linspace(0, 2 * np.pi, 100, dtype="float32").reshape(100, 1, 1)
KWS = "-DTARGET_MODEL=1 -DTH_MODEL_VERSION=EE_MODEL_VERSION_KWS01"
QUANTA = "-DOUT_QUANT_SCALE=0.00390625 -DOUT_QUANT_ZERO=-128"


def test_sine_over_rpc(sine_archive: pathlib.Path, stm32_project: Make) -> None:
    target = stm32_project(sine_archive)
    with (
        EmulatedStm32(target) as board,
        at_board(target, board.port) as project,
        microtvm.Session(project.transport()) as session,
    ):
        model = microtvm.create_local_aot_executor(session)
        found = np.array([run(model, x) for x in POINTS])
    assert np.abs(found - sine_reference(POINTS)).max() < 1e-4


def test_int8_over_rpc_is_int8_here(
    int8_archive: pathlib.Path, int8_answers: list[Any], stm32_project: Make
) -> None:
    target = stm32_project(int8_archive)
    with EmulatedStm32(target) as board, at_board(target, board.port) as project:
        for answers in (int8_answers[:15], int8_answers[15:]):
            with microtvm.Session(project.transport()) as session:
                model = microtvm.create_local_aot_executor(session)
                for x, expected in answers:
                    np.testing.assert_array_equal(run(model, x), expected)


def test_example_prints_the_same(
    int8_archive: pathlib.Path, int8_answers: list[Any], stm32_project: Make
) -> None:
    import serial

    target = stm32_project(int8_archive, project_type="example_project")
    with EmulatedStm32(target) as board, serial.Serial(board.port, 115200, timeout=20) as port:
        port.readline()  # whose begin was printed before anybody listened
        name, *printed = port.readline().decode("ascii").split()
    assert name == "output_0:"
    assert [float(word) for word in printed] == int8_answers[0][1].ravel().tolist()


def test_a_model_of_the_benchmark(
    shared_models: pathlib.Path,
    require_module: Callable[..., Any],
    stm32_project: Make,
    tmp_path: pathlib.Path,
) -> None:
    require_module("tvm", "compile a model of MLPerf Tiny")
    compiled = microtvm.compile(shared_models / "kws_int8.tflite")
    archive = microtvm.export_model_library_format(compiled, tmp_path / "kws.tar")
    target = stm32_project(
        pathlib.Path(archive), project_type="mlperftiny", compile_definitions=f"{KWS} {QUANTA}"
    )
    golden = np.load(shared_models / "kws_int8.golden.npz")
    with (
        EmulatedStm32(target) as board,
        at_board(target, board.port) as project,
        project.transport() as wire,
    ):
        terminal = Terminal(wire)
        assert terminal.say("name")[-1:] == ["m-name-dut-[microTVM]"]
        assert terminal.say("profile")[1] == "m-model-[kws01]"
        for given, wanted in zip(golden["input"][:3], golden["output"][:3], strict=True):
            terminal.load(given.tobytes())
            said = terminal.say("infer 1 0")
            assert said[0] == "m-warmup-start-0" and said[-2] == "m-infer-done"
            values = re.fullmatch(r"m-results-\[(.*)\]", said[-1])[1].split(",")
            found = [round(256 * float(value)) - 128 for value in values]
            assert found == wanted.ravel().tolist()
