# SPDX-License-Identifier: Apache-2.0
"""Models that call CMSIS-NN: a library of the sketchbook, for processors of Arm's.

No registry that CI reaches has CMSIS-NN or a 32-bit core. There a stand-in for the one is laid out,
and compiled by Debian's compiler for Arm as arduino-cli would; with ``CMSIS_PATH`` and a core
beside ``ARDUINO_CLI``, Arm's own sources run on the emulated STM32.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import microtvm
from server_kit.errors import ServerError
from tests.arduino import int8_model
from tests.arduino.conftest import at_board, run, sketch
from tests.arduino.emulated_stm32.board import EmulatedStm32
from tests.cmsis_nn import tvm_archive
from tests.crt.conftest import newest

__all__ = ["newest"]  # a fixture

STAND_IN = pathlib.Path(__file__).parents[1] / "cmsis_nn/stand_in"
CORTEX_M4 = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-std=gnu11")
ROUNDING = "CMSIS_NN_USE_SINGLE_ROUNDING"


@pytest.fixture(scope="module")
def archive(require_module: Callable[..., Any], tmp_path_factory: Any) -> pathlib.Path:
    """The int8 model, compiled for CMSIS-NN."""
    require_module("tvm", "compile the int8 model")
    return compiled(tmp_path_factory.mktemp("cmsis_nn"), "single")


def compiled(folder: pathlib.Path, rounding: Any) -> pathlib.Path:
    """The int8 model with calls of CMSIS-NN, whose sums are rounded once ("single") or twice."""
    (folder / "int8.tflite").write_bytes(int8_model.write())
    model = microtvm.compile(folder / "int8.tflite", kernels="cmsis-nn", rounding=rounding)
    return pathlib.Path(microtvm.export_model_library_format(model, folder / "int8.tar"))


def preprocessed(project: pathlib.Path, source: pathlib.Path, *flags: str) -> Any:
    """A file, taken as one of an Arduino library is: that of each library is searched."""
    folders = [f"-I{path}" for path in sorted((project / "libraries").glob("*/src"))]
    command = [*CORTEX_M4, *flags, "-Werror=implicit-function-declaration", *folders, str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("rounding", ["single", "double"])
def test_the_library_is_found_and_rounds_as_the_model_wants(
    request: Any, rounding: str, require: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    require("arm-none-eabi-gcc", "compile for a Cortex-M4")
    single = request.getfixturevalue("archive")
    archive = single if rounding == "single" else compiled(tmp_path, rounding)
    project = sketch(archive, None, tmp_path / "project", cmsis_path=str(STAND_IN))
    library = project / "libraries/cmsis_nn"
    assert (library / "library.properties").is_file()
    assert not (project / "cmsis_nn").exists() and not (project / "src").exists()
    kernels = sorted(library.rglob("*.c"))
    assert [path.name for path in kernels] == ["convolution.c", "fully_connected.c", "pooling.c"]
    for source in [*kernels, *(project / "libraries/microtvm/src/model").glob("*.c")]:
        done = preprocessed(project, source, "-fsyntax-only")
        assert done.returncode == 0, done.stderr
    for source in kernels:
        macros = preprocessed(project, source, "-E", "-dM").stdout
        assert (f"#define {ROUNDING}" in macros) == (rounding == "single"), source


def test_headers_of_cmsis_5_are_found(
    archive: pathlib.Path, require: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    require("arm-none-eabi-gcc", "compile for a Cortex-M4")
    cmsis_5 = tmp_path / "CMSIS_5/CMSIS"
    shutil.copytree(STAND_IN, cmsis_5 / "NN")
    (cmsis_5 / "DSP/Include/dsp").mkdir(parents=True)
    (cmsis_5 / "DSP/Include/arm_math.h").write_text('#include "dsp/none.h"\n')
    (cmsis_5 / "DSP/Include/dsp/none.h").write_text("typedef float dsp_t;\n")
    kernel = cmsis_5 / "NN/Source/StandInFunctions/pooling.c"
    kernel.write_text(f'#include "arm_math.h"\n{kernel.read_text()}\ndsp_t one;\n')
    project = sketch(archive, None, tmp_path / "project", cmsis_path=str(cmsis_5.parent))
    (copy,) = (project / "libraries").rglob("pooling.c")
    done = preprocessed(project, copy, "-fsyntax-only")
    assert done.returncode == 0, done.stderr


def test_a_compiler_for_another_processor_says_so(
    archive: pathlib.Path, require: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    compiler = require("cc", "compile for a processor that is not Arm's")
    project = sketch(archive, None, tmp_path / "project", cmsis_path=str(STAND_IN))
    source = next((project / "libraries/cmsis_nn").rglob("*.c"))
    command = [compiler, "-fsyntax-only", f"-I{project / 'libraries/cmsis_nn/src'}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "#error \"CMSIS-NN is for Arm's processors, and this board's is none" in done.stderr


@pytest.mark.parametrize("board", ["mega2560", "feathers2", "arduino:megaavr:uno2018"])
def test_boards_without_arm_are_refused(
    archive: pathlib.Path, tmp_path: pathlib.Path, board: str
) -> None:
    with pytest.raises(ServerError, match="'board': .* has no processor of Arm's, and the model"):
        sketch(archive, None, tmp_path / "project", board=board, cmsis_path=str(STAND_IN))
    assert not (tmp_path / "project").exists()


def test_its_sources_are_asked_for(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ServerError, match="pass a directory of its sources as the option cmsis_pa"):
        sketch(archive, None, tmp_path / "project")


def test_another_model_has_no_such_library(
    int8_archive: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    project = sketch(int8_archive, None, tmp_path / "project", cmsis_path=str(STAND_IN))
    assert [path.name for path in (project / "libraries").iterdir()] == ["microtvm"]


def test_what_tvm_s_code_does_not_declare(
    fake_runtime: pathlib.Path, require: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    require("arm-none-eabi-gcc", "compile for a Cortex-M4")
    header = fake_runtime / "include/tvm/runtime/c_runtime_api.h"
    header.write_text("/* NOT TVM's */\n#include <stdint.h>\n")
    archive = tvm_archive.write(tmp_path / "model.tar")
    project = sketch(archive, fake_runtime, tmp_path / "project", cmsis_path=str(STAND_IN))
    main = project / "libraries/microtvm/src/model/default_lib0.c"
    done = preprocessed(project, main, "-fsyntax-only")
    assert done.returncode == 0, done.stderr
    main.write_text(main.read_text().partition("#line 1\n")[2])
    assert "implicit declaration" in preprocessed(project, main, "-fsyntax-only").stderr


def test_arm_s_own_on_an_emulated_board(
    archive: pathlib.Path,
    cmsis_path: pathlib.Path,
    int8_answers: list[Any],
    stm32_project: Callable[..., pathlib.Path],
) -> None:
    target = stm32_project(archive, cmsis_path=str(cmsis_path))
    (elf,) = (target / "build").glob("*.elf")
    assert b"\0arm_convolve_wrapper_s8\0" in elf.read_bytes()
    with (
        EmulatedStm32(target) as board,
        at_board(target, board.port) as project,
        microtvm.Session(project.transport()) as session,
    ):
        model = microtvm.create_local_aot_executor(session)
        for x, expected in int8_answers:
            np.testing.assert_array_equal(run(model, x), expected)


def test_tvm_s_archive_on_an_emulated_board(
    cmsis_path: pathlib.Path,
    newest: Any,
    stm32_project: Callable[..., pathlib.Path],
    tmp_path: pathlib.Path,
) -> None:
    archive = tvm_archive.write(tmp_path / "model.tar")
    target = stm32_project(archive, newest.crt, cmsis_path=str(cmsis_path))
    with EmulatedStm32(target) as board, at_board(target, board.port) as project:
        tvm_archive.check_answers(project)
