# SPDX-License-Identifier: Apache-2.0
"""The Arduino template, an emulated board, and a model of the sine."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import microtvm
from microtvm.errors import MicroTVMError
from server_kit.errors import JSONRPCError, ServerError
from tests.arduino import board, int8_model
from tests.arduino.emulated_stm32 import board as stm32
from tests.arduino.emulated_stm32.place import Place

STAND_IN = pathlib.Path(__file__).parent / "stand_in_arduino_cli.py"
ERRORS = (MicroTVMError, JSONRPCError, ServerError)
# NOT TVM's runtime: a file for each way in which its files include one another.
FAKE_RUNTIME = {
    "include/checksum.h": "",
    "include/dlpack/dlpack.h": "",
    "include/tvm/runtime/crt/platform.h": '#include "../../../../src/support/ssize.h"\n',
    "src/support/ssize.h": "#include <dlpack/dlpack.h>\n",
    "src/runtime/minrpc/minrpc_server.h": "",
    "src/runtime/crt/common/crt_runtime_api.c": "#include <tvm/runtime/crt/platform.h>\n",
    "src/runtime/crt/tab/gentab_ccitt.inc": "",
    "src/runtime/crt/microtvm_rpc_common/crcccitt.c": (
        '#include "../tab/gentab_ccitt.inc"\n#include "checksum.h"\n#include "crt_config.h"\n'
    ),
    "src/runtime/crt/microtvm_rpc_server/rpc_server.cc": (
        '#include "../../minrpc/minrpc_server.h"\n'
    ),
    "src/runtime/crt/contrib/stm32/wrong.c": "#error no part of the runtime\n",
}
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
    opened = at_board(project, mega.port)
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


@pytest.fixture(scope="session")
def stm32_options(require: Callable[..., str], tmp_path_factory: Any) -> dict[str, str]:
    """Options of a project for the emulated STM32."""
    cli = os.environ.get("ARDUINO_CLI")
    if not cli:
        pytest.skip("ARDUINO_CLI names no arduino-cli, and its stand-in has no 32-bit core")
    require("qemu-system-arm", "emulate an STM32F405")
    details = [*cli.split(), "board", "details", "--fqbn", stm32.FQBN]
    if subprocess.run(details, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"ARDUINO_CLI has no core for {stm32.FQBN}")
    extra_files = stm32.extra_files(tmp_path_factory.mktemp("stm32") / "extra.tar")
    return {
        "board": stm32.FQBN,
        "arduino_cli_cmd": cli,
        "extra_files_tar": str(extra_files),
    }


@pytest.fixture(scope="session")
def stm32_place(stm32_options: dict[str, str], tmp_path_factory: Any) -> Place:
    """Where projects for the emulated STM32 are made."""
    return Place(tmp_path_factory.mktemp("stm32"))


@pytest.fixture(scope="session")
def stm32_project(stm32_options: dict[str, str], stm32_place: Place) -> Callable[..., pathlib.Path]:
    """``stm32_project(archive, crt, **options)`` gives a built project for the emulated STM32,
    which is there until the next one is."""

    def make(archive: pathlib.Path, crt: pathlib.Path | None = None, **options: Any) -> Any:
        stm32_place.clear()
        given = {**stm32_options, **options}
        template = microtvm.get_microtvm_template_projects("arduino")
        with microtvm.generate_project_from_mlf(
            template, stm32_place.project, archive, given, crt
        ) as project:
            stm32_place.warm()
            project.build()
        return stm32_place.project

    return make


def at_board(project: pathlib.Path, port: str) -> Any:
    """The project, opened with the port of a board."""
    return microtvm.GeneratedProject.from_directory(project, {"port": port})


@pytest.fixture()
def fake_runtime(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory laid out as TVM's C runtime."""
    for name, text in FAKE_RUNTIME.items():
        path = tmp_path / "standalone_crt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "standalone_crt"


def sketch(
    archive: pathlib.Path, crt: pathlib.Path | None, target: pathlib.Path, **options: Any
) -> Any:
    """The directory of a project, generated and not built."""
    template_path = microtvm.get_microtvm_template_projects("arduino")
    with microtvm.TemplateProject.from_directory(template_path) as template:
        template.write_project(archive, target, {"board": "due", **options}, crt)
    return target
