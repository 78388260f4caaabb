# SPDX-License-Identifier: Apache-2.0
"""The Arduino template, an emulated board, and a model of the sine."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import microtvm
from microtvm.errors import MicroTVMError
from server_kit.errors import JSONRPCError, ServerError
from tests.arduino import board, int8_model

STAND_IN = pathlib.Path(__file__).parent / "stand_in_arduino_cli.py"
ERRORS = (MicroTVMError, JSONRPCError, ServerError)
HIDDEN = 16
INT8_SAMPLES = 30


@pytest.fixture(scope="session")
def arduino_cli(require: Callable[..., str]) -> str:
    """The real arduino-cli where ARDUINO_CLI names it; else the stand-in over Debian's tools."""
    given = os.environ.get("ARDUINO_CLI")
    if given:
        return given
    for tool in ("arduino-builder", "arduino-ctags", "avr-gcc", "avrdude"):
        require(tool, "compile and upload sketches")
    return str(STAND_IN)


@pytest.fixture(scope="session")
def mega_program(require: Callable[..., str], tmp_path_factory: Any) -> pathlib.Path:
    """The emulator, compiled."""
    require("simavr", "emulate a Mega 2560 (with libsimavr-dev and libelf-dev)")
    require("arduino-builder", "emulate a Mega 2560 with its bootloader (arduino-core-avr)")
    return board.build(tmp_path_factory.mktemp("mega") / "mega2560")


@pytest.fixture()
def mega(mega_program: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[board.EmulatedMega]:
    """An emulated Mega 2560 as it is sold: its bootloader and nothing else."""
    with board.EmulatedMega(mega_program, tmp_path / "ttyACM0") as attached:
        yield attached


def sine_network() -> tuple[np.ndarray, ...]:
    """Weights of 1 -> ReLU 16 -> 1, fitted to samples of sin on [0, 2 pi] by least squares."""
    knots = np.linspace(0, 2 * np.pi, HIDDEN, endpoint=False)
    x = np.linspace(0, 2 * np.pi, 500)[:, None]
    features = np.maximum(x - knots, 0)
    weights = np.linalg.lstsq(features, np.sin(x), rcond=None)[0]
    return (
        np.ones((1, HIDDEN), "float32"),
        -knots.astype("float32"),
        weights.astype("float32"),
    )


def sine_reference(x: np.ndarray) -> np.ndarray:
    """What the network answers, in float64."""
    first, bias, second = (w.astype("float64") for w in sine_network())
    return np.maximum(x.astype("float64") @ first + bias, 0) @ second


@pytest.fixture(scope="session")
def sine_archive(require_module: Callable[..., Any], tmp_path_factory: Any) -> pathlib.Path:
    """The network compiled from an ONNX file."""
    require_module("tvm", "compile the sine model")
    from onnx import TensorProto, helper, numpy_helper, save

    folder = tmp_path_factory.mktemp("sine")
    first, bias, second = sine_network()
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "first"], ["a"]),
            helper.make_node("Add", ["a", "bias"], ["b"]),
            helper.make_node("Relu", ["b"], ["c"]),
            helper.make_node("MatMul", ["c", "second"], ["y"]),
        ],
        "sine",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])],
        [
            numpy_helper.from_array(array, name)
            for name, array in (("first", first), ("bias", bias), ("second", second))
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    save(model, folder / "sine.onnx")
    compiled = microtvm.compile(folder / "sine.onnx")
    return pathlib.Path(microtvm.export_model_library_format(compiled, folder / "sine.tar"))


@pytest.fixture(scope="session")
def int8_archive(require_module: Callable[..., Any], tmp_path_factory: Any) -> pathlib.Path:
    """The model of `int8_model`, compiled."""
    require_module("tvm", "compile the int8 model")
    require_module("ai_edge_litert", "make the int8 model's file")
    folder = tmp_path_factory.mktemp("int8")
    (folder / "int8.tflite").write_bytes(int8_model.write())
    compiled = microtvm.compile(folder / "int8.tflite")
    return pathlib.Path(microtvm.export_model_library_format(compiled, folder / "int8.tar"))


@pytest.fixture(scope="session")
def int8_answers(int8_archive: pathlib.Path, tmp_path_factory: Any) -> list[Any]:
    """Pairs of an input and the answer of the same C on this machine; the first input is 0."""
    project = microtvm.generate_project_from_mlf(
        microtvm.get_microtvm_template_projects("host"),
        tmp_path_factory.mktemp("host") / "project",
        int8_archive,
        options={},
    )
    project.build()
    random = np.random.default_rng(7)
    inputs = random.integers(-128, 128, (INT8_SAMPLES, *int8_model.SHAPE)).astype("int8")
    inputs[0] = 0
    with microtvm.Session(project.transport()) as session:
        model = microtvm.create_local_aot_executor(session)
        return [(x, run(model, x)) for x in inputs]


def run(model: Any, x: np.ndarray) -> np.ndarray:
    """The only output for the input ``x``."""
    model.set_input("x", x)
    model.run()
    return np.array(model.get_output(0).numpy())


def generate(archive: pathlib.Path, target: pathlib.Path, cli: str, **options: Any) -> Any:
    """A project for the Mega, not built."""
    return microtvm.generate_project_from_mlf(
        microtvm.get_microtvm_template_projects("arduino"),
        target,
        archive,
        options={"board": "mega2560", "arduino_cli_cmd": cli, **options},
    )


def flashed(project: pathlib.Path, mega: board.EmulatedMega) -> Any:
    """The project, opened with the board's port and put on it."""
    opened = microtvm.GeneratedProject.from_directory(project, {"port": mega.port})
    opened.flash()
    return opened


@pytest.fixture(scope="session")
def sine_project(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path_factory: Any
) -> pathlib.Path:
    """The sine model, host-driven, built for the Mega."""
    target = tmp_path_factory.mktemp("built") / "a project"
    generate(sine_archive, target, arduino_cli).build()
    return target
