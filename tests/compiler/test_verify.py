# SPDX-License-Identifier: Apache-2.0
"""The compile that checks itself: right answers pass, wrong ones are no archive."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import microtvm
from microtvm.compiler.program import TensorInfo
from microtvm.compiler.verify.comparison import compare


@pytest.fixture(scope="module")
def model(require_module, tmp_path_factory) -> pathlib.Path:
    """Two outputs: ``y = max(x, 0.5)`` and ``label``, the place of its largest element."""
    onnx = require_module("onnx", "make the model")
    require_module("tvm", "compile models")
    require_module("onnxruntime", "check the model")
    from onnx import TensorProto, helper, numpy_helper

    half = numpy_helper.from_array(np.float32(0.5), "half")
    nodes = [
        helper.make_node("Max", ["x", "half"], ["y"]),
        helper.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0),
    ]
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 9]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 9]),
        helper.make_tensor_value_info("label", TensorProto.INT64, [1]),
    ]
    graph = helper.make_graph(nodes, "max", values[:1], values[1:], [half])
    path = tmp_path_factory.mktemp("model") / "max.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, str(path))
    return path


def _compile(
    model: pathlib.Path, archive: pathlib.Path, *words: object, cc: str = "cc"
) -> subprocess.CompletedProcess[str]:
    arguments = ["compile", model, "-o", archive, *words]
    return subprocess.run(
        [sys.executable, "-m", "microtvm", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "CC": cc},
        check=False,
    )


def test_right_answers_are_told(model, tmp_path):
    ran = _compile(model, tmp_path / "model.tar", "--json")
    assert ran.returncode == 0, ran.stderr
    check = json.loads(ran.stdout)["check"]
    assert check["runtime"].startswith("ONNX Runtime ")
    assert [(o["name"], o["difference"]) for o in check["outputs"]] == [("y", 0), ("label", 0)]
    assert check["note"] is None


def test_wrong_answers_are_an_error_and_no_archive(model, tmp_path):
    archive = tmp_path / "model.tar"
    ran = _compile(model, archive, cc=str(_turned(tmp_path)))
    assert ran.returncode == 1
    assert "gives other answers than ONNX Runtime" in ran.stderr
    assert "output y differs by" in ran.stderr
    assert "--no-check" in ran.stderr
    assert not archive.exists()
    assert _compile(model, archive, "--no-check").returncode == 0
    assert archive.exists()


def _turned(folder: pathlib.Path) -> pathlib.Path:
    """A compiler that reads 0.5 as 0.25 in generated code."""
    script = folder / "cc"
    script.write_text(
        '#!/bin/sh\nfor word; do case "$word" in *_lib0.c) sed -i "s/0x1p-1f/0x1p-2f/" "$word";; '
        'esac; done\nexec cc "$@"\n'
    )
    script.chmod(0o755)
    return script


def test_samples_of_the_users_own(model, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.zeros((7, 1, 9), np.float32))
    ran = _compile(model, tmp_path / "model.tar", "--check-inputs", tmp_path / "in.npz")
    assert ran.returncode == 0, ran.stderr
    assert "on 7 samples: output y differs by 0" in ran.stdout
    np.savez(tmp_path / "in.npz", x=np.zeros((7, 1, 8), np.float32))
    ran = _compile(model, tmp_path / "other.tar", "--check-inputs", tmp_path / "in.npz")
    assert ran.returncode == 1
    assert "has shape (7, 1, 8)" in ran.stderr
    assert not (tmp_path / "other.tar").exists()


@pytest.mark.parametrize("operator", ["Div", "Mod"])
def test_integers_that_are_divided_by_integers(require_module, tmp_path, operator):
    """ONNX Runtime fails on a zero, of which the random inputs have some."""
    onnx = require_module("onnx", "make the model")
    require_module("onnxruntime", "check the model")
    from onnx import TensorProto, helper

    names = [helper.make_tensor_value_info(name, TensorProto.INT32, [4]) for name in "abc"]
    node = helper.make_node(operator, ["a", "b"], ["c"])
    graph = helper.make_graph([node], "divide", names[:2], names[2:])
    path = tmp_path / "divide.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, str(path))
    verification = microtvm.compiler.compile(path, check=True).verification
    assert [output.difference for output in verification.outputs] == [0]


def test_what_is_missing_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    compiled = microtvm.compile(model, check=True)
    assert compiled.verification.lines() == [
        "not checked: ONNX Runtime is not installed; pip install 'microtvm[verify]' brings it"
    ]
    np.savez(tmp_path / "in.npz", x=np.zeros((1, 9), np.float32))
    with pytest.raises(microtvm.MicroTVMError, match="the answers cannot be checked: ONNX Runtime"):
        microtvm.compile(model, check_inputs=tmp_path / "in.npz")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.delitem(sys.modules, "onnxruntime")
    (line,) = microtvm.compile(model, check=True).verification.lines()
    assert "no C compiler no-such-compiler" in line


def _check(ours, references, dtype, scale=None, is_approximate=False):
    info = TensorInfo("t", (len(ours),), dtype)
    wide = [np.array([r], dtype) for r in references]
    (check,) = compare(
        [info], [np.array([ours], dtype)], [[r] for r in wide], [scale], is_approximate
    )
    return check


def test_the_tolerance_comes_from_the_runtimes_own_kernels():
    assert _check([5, 5], [[7, 5]], "int8", 0.1).is_right
    assert not _check([5, 5], [[8, 5]], "int8", 0.1).is_right
    assert _check([5, 5], [[9, 5], [6, 5]], "int8", 0.1).is_right  # they are 3 apart: up to 5
    assert not _check([5, -128], [[5, 127], [5, 126]], "int8", 0.1).is_right


def test_labels_are_equal_or_wrong():
    assert not _check([1], [[2]], "int32").is_right
    assert _check([1], [[2], [1]], "int64").is_right
    assert not _check([True], [[False]], "bool").is_right


def test_floats_are_compared_with_the_range():
    assert _check([1000.5, 1], [[1000, 1]], "float32").is_right
    assert not _check([1002, 1], [[1000, 1]], "float32").is_right
    assert _check([1002, 1], [[1000, 1]], "float32", is_approximate=True).is_right
    nan = float("nan")
    assert _check([nan, 1], [[nan, 1]], "float32").is_right
    for wrong in ([1, 1], [nan, nan], [nan, float("inf")]):
        assert not _check(wrong, [[nan, 1]], "float32").is_right
