# SPDX-License-Identifier: Apache-2.0
"""``--models DIR`` on a bench without TVM: archives made elsewhere, and their golden answers."""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import pytest

from hil_tests import archives, golden
from tests.hil import suite

COMPILER = ("ai_edge_litert", "flatbuffers", "onnx", "onnxruntime", "sklearn", "tflite", "tvm")


@pytest.fixture
def without_compiler(tmp_path):
    """Give variables with which none of the compiler's packages can be imported."""
    for name in COMPILER:
        package = tmp_path / "absent" / name
        package.mkdir(parents=True)
        text = f"raise ModuleNotFoundError('no module named {name} here', name={name!r})\n"
        (package / "__init__.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(tmp_path / "absent")}


def written(directory: pathlib.Path, name: str, answer: float | None) -> None:
    """Write the model y = 3 x - 5, and answers of which one is as told."""
    archives.write_linear(directory / f"{name}.tar", 3, -5)
    x = np.arange(8, dtype="float32").reshape(2, 4)
    y = 3 * x - 5
    if answer is not None:
        y[1, 2] = answer
        np.savez(directory / f"{name}.golden.npz", x=x, output=y)


def write_nothing(directory: pathlib.Path, name: str) -> None:
    """Write the model, and answers without a sample."""
    archives.write_linear(directory / f"{name}.tar", 3, -5)
    none = np.zeros((0, 4), "float32")
    np.savez(directory / f"{name}.golden.npz", x=none, output=none)


def test_models_of_a_directory(require, require_module, without_compiler, monkeypatch, tmp_path):
    require("cc", "build firmware for the host")
    require_module("tvm", "compile the demo's digits")
    models = tmp_path / "models"
    monkeypatch.setattr(sys, "argv", ["golden", str(models)])
    golden.main()  # the digits
    written(models, "right", 13)
    written(models, "wrong", 14)
    written(models, "bare", None)
    write_nothing(models, "empty")
    chosen = ("--board", "host", "--models", str(models), "-k", "golden")
    ran = suite.run(tmp_path / "report", *chosen, **without_compiler)
    assert ran.status == 1, ran.said
    told = {test["name"].partition("[")[2].rstrip("]"): test for test in ran.tests}
    outcomes = {name: test["outcome"] for name, test in told.items()}
    right = {"digits": "passed", "right": "passed"}
    assert outcomes == {**right, "wrong": "failed", "bare": "failed", "empty": "failed"}
    assert "the golden answers hold 0 to 0 samples of a tensor" in told["empty"]["message"]
    why = "sample 1, y: [ 7. 10. 13. 16.], should be [ 7. 10. 14. 16.]"
    assert why in told["wrong"]["message"]
    assert "bare.golden.npz is missing: the answers that bare.tar" in told["bare"]["message"]


def test_a_directory_without_models_is_refused(tmp_path):
    ran = suite.run(tmp_path / "report", "--board", "host", "--models", str(tmp_path))
    assert ran.status != 0
    assert f"--models {tmp_path} holds no NAME.tar" in ran.said
