# SPDX-License-Identifier: Apache-2.0
"""Models that call CMSIS-NN, with its real sources (CMSIS_PATH) on boards and on this machine."""

from __future__ import annotations

import pathlib
import re
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import microtvm
from server_kit.errors import ServerError
from tests.zephyr import cmsis_archive
from tests.zephyr.test_boards import CORTEX_M3, MPS2, NATIVE, Bench, bench, chosen

__all__ = ["bench"]  # a fixture

pytestmark = [pytest.mark.timeout(900)]

SAMPLES = np.random.default_rng(1).integers(-128, 128, (20, 1, cmsis_archive.INPUTS), np.int8)


def check_answers(project: Any) -> None:
    with microtvm.Session(project.transport()) as session:
        executor = microtvm.create_local_aot_executor(session)
        for sample in SAMPLES:
            executor.set_input(0, sample)
            executor.run()
            dense = executor.get_output(0).numpy()
            np.testing.assert_array_equal(dense, cmsis_archive.dense(sample))
            difference = executor.get_output(1).numpy() - cmsis_archive.softmax(dense)
            assert np.abs(difference).max() <= 1


def test_on_boards(
    bench: Bench,
    cmsis_path: pathlib.Path,
    tvm_crt: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = cmsis_archive.write(tmp_path / "model.tar")
    options = {"cmsis_path": str(cmsis_path), "warning_as_error": True}
    for name, board in (("mps2", MPS2), ("small", CORTEX_M3), ("native", NATIVE)):
        with monkeypatch.context() as patch:
            project = bench.make(name, archive, chosen(board, patch), tvm_crt, **options)
            with project:
                check_answers(project)
    # What the model does not call is not in the firmware.
    firmware = (bench.directory / "small/build/zephyr/zephyr.elf").read_bytes()
    assert b"\0arm_softmax_s8\0" in firmware
    assert b"\0arm_svdf_s8\0" not in firmware and b"\0arm_convolve_s8\0" not in firmware


def test_on_this_machine(
    cmsis_path: pathlib.Path,
    tvm_crt: pathlib.Path,
    require: Callable[..., str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for tool in ("cc", "cmake", "ninja"):
        require(tool, "build a project")
    monkeypatch.setenv("MICROTVM_CACHE_DIR", str(tmp_path / "cache"))
    archive = cmsis_archive.write(tmp_path / "model.tar")
    template = microtvm.get_microtvm_template_projects("host")
    options = {"cmsis_path": str(cmsis_path)}
    logs = []
    for name in ("first", "second"):
        directory = tmp_path / name
        with microtvm.generate_project_from_mlf(
            template, directory, archive, options, tvm_crt
        ) as project:
            project.build()
            check_answers(project)
        logs.append((directory / "build/build.log").read_text())
    # The second project takes the kernels that the first one compiled.
    assert ["arm_softmax_s8.c.o" in log for log in logs] == [True, False]


def test_another_generation_of_cmsis_nn_is_named_by_the_compiler(
    cmsis_path: pathlib.Path,
    tvm_crt: pathlib.Path,
    require: Callable[..., str],
    tmp_path: pathlib.Path,
) -> None:
    for tool in ("cc", "cmake", "ninja"):
        require(tool, "build a project")
    # As TVM of another year would call it: without a context and parameters in structures.
    other = cmsis_archive.KERNELS.replace("&context, &parameters, ", "")
    archive = cmsis_archive.write(tmp_path / "model.tar", other)
    template = microtvm.get_microtvm_template_projects("host")
    with microtvm.generate_project_from_mlf(
        template, tmp_path / "project", archive, {"cmsis_path": str(cmsis_path)}, tvm_crt
    ) as project, pytest.raises(ServerError) as caught:
        project.build()
    assert re.search(
        r"default_lib1\.c:\d+:\d+: error: too few arguments to function .arm_fully_connected_s8",
        str(caught.value),
    )


def test_a_project_stands_alone(
    cmsis_path: pathlib.Path,
    tvm_crt: pathlib.Path,
    require: Callable[..., str],
    tmp_path: pathlib.Path,
) -> None:
    for tool in ("cc", "cmake", "ninja"):
        require(tool, "build a project")
    given = tmp_path / "given"
    shutil.copytree(cmsis_path, given, ignore=shutil.ignore_patterns(".git", "Tests", "Examples"))
    archive = cmsis_archive.write(tmp_path / "model.tar")
    template = microtvm.get_microtvm_template_projects("host")
    microtvm.generate_project_from_mlf(
        template, tmp_path / "project", archive, {"cmsis_path": str(given)}, tvm_crt
    ).close()
    shutil.rmtree(given)
    moved = (tmp_path / "project").rename(tmp_path / "moved")
    with microtvm.GeneratedProject.from_directory(moved) as project:
        project.build()
        check_answers(project)
