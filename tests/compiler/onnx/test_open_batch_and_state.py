# SPDX-License-Identifier: Apache-2.0
"""ONNX files as exporters write them: a batch without a number, a state handed in and out."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from microtvm.compiler import compile

STEP = 3  # features a step
HIDDEN = 4


@pytest.fixture(scope="module")
def streaming(require_module: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A GRU of one step: x (batch, 1, 3) and h (1, batch, 4) to scores (batch, 2) and h's next."""
    onnx = require_module("onnx", "write ONNX models")
    for name in ("onnxruntime", "tvm"):
        require_module(name, "compare ONNX models")
    helper = onnx.helper
    generator = np.random.default_rng(3)

    def weights(name: str, *shape: int) -> Any:
        return onnx.numpy_helper.from_array(
            generator.normal(scale=0.6, size=shape).astype(np.float32), name
        )

    values = {
        "x": ["batch", 1, STEP],
        "h": [1, "batch", HIDDEN],
        "scores": ["batch", 2],
        "h_next": [1, "batch", HIDDEN],
    }
    infos = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in values.items()
    ]
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node(
            "GRU", ["steps", "w", "r", "b", "", "h"], ["", "h_next"], hidden_size=HIDDEN
        ),
        helper.make_node("Squeeze", ["h_next", "first"], ["last"]),
        helper.make_node("Gemm", ["last", "dense"], ["scores"]),
    ]
    constants = [
        weights("w", 1, 3 * HIDDEN, STEP),
        weights("r", 1, 3 * HIDDEN, HIDDEN),
        weights("b", 1, 6 * HIDDEN),
        weights("dense", HIDDEN, 2),
        onnx.numpy_helper.from_array(np.array([0]), "first"),
    ]
    graph = helper.make_graph(nodes, "streaming", infos[:2], infos[2:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path = tmp_path_factory.mktemp("streaming") / "streaming.onnx"
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("batch", [1, 2])
def test_a_state_that_is_handed_in_and_out(streaming: Any, build: Any, batch: int) -> None:
    """Over a sequence, each run's state handed to the next, beside onnxruntime."""
    import onnxruntime

    compiled = compile(streaming, shapes={"x": (2, 1, STEP)} if batch == 2 else None)
    assert [t.shape for t in compiled.inputs] == [(batch, 1, STEP), (1, batch, HIDDEN)]
    assert [t.name for t in compiled.outputs] == ["scores", "h_next"]
    model = build(compiled)
    session = onnxruntime.InferenceSession(str(streaming), providers=["CPUExecutionProvider"])
    h = expected_h = np.zeros((1, batch, HIDDEN), np.float32)
    first = None
    for x in np.random.default_rng(0).normal(size=(12, batch, 1, STEP)).astype(np.float32):
        scores, h = model(x, h)
        expected, expected_h = session.run(None, {"x": x, "h": expected_h})
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(h, expected_h, rtol=1e-4, atol=1e-5)
        first = expected_h if first is None else first
    assert np.abs(expected_h - first).max() > 0.1  # the state does something


def _compile(model: pathlib.Path, archive: pathlib.Path, *words: str) -> Any:
    ran = subprocess.run(
        [sys.executable, "-m", "microtvm", "compile", str(model), "-o", str(archive), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran


def test_what_an_open_batch_is_taken_as_is_said(streaming: Any, tmp_path: pathlib.Path) -> None:
    """In the report and in the JSON; with ``--shape`` nothing is assumed."""
    archive = tmp_path / "model.tar"
    note = "input x: its open first dimension (batch) is taken as 1; --shape x=N,1,3 makes it N"
    told = _compile(streaming, archive)
    assert f"assumed     {note}\n" in told.stdout
    given = json.loads(_compile(streaming, archive, "--shape", "x=2,1,3", "--json").stdout)
    assert given["notes"] == []
    assert [t["shape"] for t in given["model"]["inputs"]] == [[2, 1, 3], [1, 2, 4]]
    assert given["check"]["note"] is None  # onnxruntime was asked, and agreed
    taken = json.loads(_compile(streaming, archive, "--no-check", "--json").stdout)
    assert taken["notes"] == [note]
