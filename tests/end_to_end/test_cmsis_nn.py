# SPDX-License-Identifier: Apache-2.0
"""``microtvm compile --kernels cmsis-nn``, from a model to answers of firmware.

CMSIS-NN comes from no package registry; a stand-in of ours has its functions (tests/cmsis_nn), and
its own sources are taken where CMSIS_PATH names them.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

import numpy as np
import pytest

from microtvm.cli import main

STAND_IN = pathlib.Path(__file__).parents[1] / "cmsis_nn/stand_in"


@pytest.fixture(params=["stand-in", "Arm's"])
def sources(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """CMSIS-NN's directory."""
    is_stand_in = request.param == "stand-in"
    path: pathlib.Path = STAND_IN if is_stand_in else request.getfixturevalue("cmsis_path")
    monkeypatch.delenv("CMSIS_PATH", raising=False)
    return path


def test_answers_of_firmware(
    sources: pathlib.Path,
    shared_models: pathlib.Path,
    require: Callable[..., str],
    require_module: Callable[..., object],
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for tool in ("cc", "cmake", "ninja"):
        require(tool, "build a project")
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "check the answers")
    model, archive = shared_models / "kws_int8.tflite", tmp_path / "model.tar"
    words = ["compile", str(model), "-o", str(archive), "--kernels", "cmsis-nn"]
    assert main([*words, "--cmsis-path", str(sources), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    names = [layer["operator"] for layer in said["model"]["layers"]]
    assert sum(name.startswith("cmsis_nn_") for name in names) == len(names) - 1
    assert said["check"]["remark"] is None
    project = tmp_path / "project"
    create = ["create", str(project), str(archive), "--template", "host"]
    assert main(create) == 1
    assert "compiled for CMSIS-NN (release 7): pass" in capsys.readouterr().err
    assert main([*create, "--project-option", f"cmsis_path={sources}"]) == 0
    assert main(["build", str(project)]) == 0
    golden = np.load(shared_models / "kws_int8.golden.npz")
    np.savez(tmp_path / "in.npz", input=golden["input"])
    run = ["run", str(project), "--inputs", str(tmp_path / "in.npz")]
    assert main([*run, "--outputs", str(tmp_path / "out.npz")]) == 0
    with np.load(tmp_path / "out.npz") as answers:
        (name,) = answers.files
        np.testing.assert_array_equal(answers[name].ravel(), golden["output"].ravel())


def test_without_its_sources_the_check_runs_our_kernels_and_says_so(
    shared_models: pathlib.Path,
    require: Callable[..., str],
    require_module: Callable[..., object],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    require("cc", "check the answers")
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "check the answers")
    monkeypatch.delenv("CMSIS_PATH", raising=False)
    words = ["compile", str(shared_models / "ad_int8.tflite"), "-o", str(tmp_path / "model.tar")]
    assert main([*words, "--kernels", "cmsis-nn"]) == 0
    assert "with microtvm's own kernels, as there is no CMSIS-NN here" in capsys.readouterr().out
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([*words, "--kernels", "cmsis-nn", "--cmsis-path", str(empty)]) == 1
    assert f"--cmsis-path (CMSIS_PATH) was given '{empty}', which holds" in capsys.readouterr().err
    assert main([*words, "--cmsis-path", str(STAND_IN)]) == 2
    assert "--cmsis-path goes with --kernels cmsis-nn" in capsys.readouterr().err
