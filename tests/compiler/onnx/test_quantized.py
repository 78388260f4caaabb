# SPDX-License-Identifier: Apache-2.0
"""Quantized ONNX models run in integers, within a quantum of onnxruntime for each operator."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import sys
from typing import Any

import numpy as np
import pytest

from microtvm.compiler import compile


@pytest.fixture(scope="module")
def models(require_module: Any) -> Any:
    """The module that makes models and has onnxruntime quantize them."""
    require_module("onnx", "write ONNX models")
    require_module("onnxruntime", "quantize ONNX models and compare with ONNX Runtime")
    path = pathlib.Path(__file__).with_name("quantized_models.py")
    specification = importlib.util.spec_from_file_location("quantized_models", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["quantized_models"] = module
    specification.loader.exec_module(module)
    return module


def reference(path: pathlib.Path, samples: np.ndarray) -> list[np.ndarray]:
    """onnxruntime's answers, for each output its samples.

    Operator by operator as the file has them: its fast integer kernels saturate sums of two
    products in 16 bits on machines without VNNI, and are 20 quanta off there.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    answers = [session.run(None, {"x": sample}) for sample in samples]
    return [np.stack(output) for output in zip(*answers, strict=True)]


def steps(path: pathlib.Path) -> dict[str, float]:
    """The scale in which each output is dequantized."""
    import onnx

    graph = onnx.load(path).graph
    scales = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    return {
        node.output[0]: float(scales[node.input[1]].item())
        for node in graph.node
        if node.op_type == "DequantizeLinear" and scales[node.input[1]].size == 1
    }


# What TVM fuses with the quantize at the beginning and the dequantize at the end.
_MOVES = {"concatenate", "pad", "reshape", "slice", "strided", "transpose"}


def soft(compiled: Any) -> list[str]:
    """Layers that compute in float: others than the conversions at the model's ends."""
    names = [layer.operator for layer in compiled.layers if not layer.integers]
    parts = [set(re.findall("[a-z]+", name)) - {"fused"} - _MOVES for name in names]
    return [n for n, p in zip(names, parts, strict=True) if not p <= {"quantize", "dequantize"}]


@pytest.mark.parametrize("activations", ["QInt8", "QUInt8"])
def test_each_operator(activations, models, build, tmp_path):
    """At most one quantum from onnxruntime, and nothing in float but the model's two ends."""
    shape = models.operators(tmp_path / "float.onnx")
    models.quantize(tmp_path / "float.onnx", tmp_path / "q.onnx", shape, activations=activations)
    compiled = compile(tmp_path / "q.onnx")
    assert not soft(compiled)
    model, scales = build(compiled), steps(tmp_path / "q.onnx")
    samples = models.samples(shape, 20, seed=7)
    ours = [np.stack(output) for output in zip(*map(model, samples), strict=True)]
    for info, got, want in zip(
        compiled.outputs, ours, reference(tmp_path / "q.onnx", samples), strict=True
    ):
        difference = np.abs(got - want).max() / scales[info.name]
        assert difference < 1.01, (info.name, difference)


@pytest.mark.parametrize(
    ("form", "activations", "per_channel"),
    [("QDQ", "QInt8", True), ("QDQ", "QUInt8", True), ("QOperator", "QInt8", False)],
)
def test_network(form, activations, per_channel, models, build, tmp_path):
    """All 16 layers in integers; the same class as onnxruntime's."""
    shape = models.cnn(tmp_path / "float.onnx")
    models.quantize(
        tmp_path / "float.onnx",
        tmp_path / "q.onnx",
        shape,
        form=form,
        activations=activations,
        per_channel=per_channel,
    )
    compiled = compile(tmp_path / "q.onnx")
    assert not soft(compiled)
    model = build(compiled)
    samples = models.samples(shape, 20, seed=7)
    ours = np.stack([model(sample)[0] for sample in samples])
    (theirs,) = reference(tmp_path / "q.onnx", samples)
    assert np.abs(ours - theirs).max() < 3.01 / 255
    clear = np.sort(theirs, -1)[..., -1] - np.sort(theirs, -1)[..., -2] > 0
    assert np.array_equal(ours.argmax(-1)[clear], theirs.argmax(-1)[clear])


def test_what_has_no_integers_runs_in_float(models, build, tmp_path):
    """A normalization of each channel; the layers say so."""
    b, shape = models.Builder(), (1, 4, 3, 5)
    ends = [b.constant(np.full(4, value, np.float32)) for value in (1, 0.5)]
    result = b("InstanceNormalization", b("Relu", "x"), *ends)
    b.save(tmp_path / "float.onnx", shape, result)
    models.quantize(tmp_path / "float.onnx", tmp_path / "q.onnx", shape)
    compiled = compile(tmp_path / "q.onnx")
    assert any("variance" in name for name in soft(compiled))
    samples = models.samples(shape, 5, seed=7)
    model = build(compiled)
    ours = np.stack([model(sample)[0] for sample in samples])
    (theirs,) = reference(tmp_path / "q.onnx", samples)
    assert np.abs(ours - theirs).max() / steps(tmp_path / "q.onnx")[result] < 1.01


@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
def test_position_among_integers(operator, models, build, tmp_path):
    """The index of an extremum needs no dequantize."""
    import onnx
    from onnx import helper, numpy_helper

    values = [numpy_helper.from_array(np.float32(0.1), "s")]
    values.append(numpy_helper.from_array(np.uint8(3), "z"))
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["x", "s", "z"], ["real"]),
            helper.make_node(operator, ["real"], ["y"], axis=1, keepdims=0, select_last_index=1),
        ],
        "position",
        [helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, [2, 5, 3])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.INT64, [2, 3])],
        values,
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "q.onnx",
    )
    compiled = compile(tmp_path / "q.onnx")
    assert "float" not in compiled.files["codegen/host/src/default_lib0.c"].decode()
    (samples,) = (np.random.default_rng(0).integers(0, 5, (4, 2, 5, 3)).astype(np.uint8),)
    model = build(compiled)
    ours = np.stack([model(sample)[0] for sample in samples])
    assert np.array_equal(ours, reference(tmp_path / "q.onnx", samples)[0])
