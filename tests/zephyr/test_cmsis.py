# SPDX-License-Identifier: Apache-2.0
"""Models that call CMSIS-NN, with its real sources (CMSIS_PATH) on boards and on this machine."""

from __future__ import annotations

import pathlib
import re
import shutil
from collections.abc import Callable

import pytest

import microtvm
from server_kit.errors import ServerError
from tests.cmsis_nn import tvm_archive
from tests.cmsis_nn.tvm_archive import check_answers
from tests.zephyr.test_boards import CORTEX_M3, MPS2, NATIVE, Bench, bench, chosen

__all__ = ["bench"]  # a fixture

pytestmark = [pytest.mark.timeout(900)]


def test_on_boards(
    bench: Bench,
    cmsis_path: pathlib.Path,
    tvm_crt: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = tvm_archive.write(tmp_path / "model.tar")
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
    archive = tvm_archive.write(tmp_path / "model.tar")
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
    other = tvm_archive.KERNELS.replace("&context, &parameters, ", "")
    archive = tvm_archive.write(tmp_path / "model.tar", other)
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
    archive = tvm_archive.write(tmp_path / "model.tar")
    template = microtvm.get_microtvm_template_projects("host")
    microtvm.generate_project_from_mlf(
        template, tmp_path / "project", archive, {"cmsis_path": str(given)}, tvm_crt
    ).close()
    shutil.rmtree(given)
    moved = (tmp_path / "project").rename(tmp_path / "moved")
    with microtvm.GeneratedProject.from_directory(moved) as project:
        project.build()
        check_answers(project)
