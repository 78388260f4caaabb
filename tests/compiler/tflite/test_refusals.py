# SPDX-License-Identifier: Apache-2.0
"""Models that are refused: in words about the file, all obstacles at once, never TVM's own text."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import CompileError, compile
from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_cases import tensor
from tests.compiler.operators.tflite_file import ModelFile, Weights, one_operator

_INTS = QuantizedTensor((2,), "int32")
_BYTES = tensor("int8", (2, 4))
_IMAGE = tensor("int8", (1, 4, 4, 2))
_KERNEL = Weights(np.ones((3, 3, 3, 2), np.int8), np.full(3, 0.1, np.float32), 0)
_STRIDES = {"strideH": 1, "strideW": 1, "padding": 1}


def _float(*shape: int) -> QuantizedTensor:
    return QuantizedTensor(shape, "float32")


# An operator, its operands, its result, its options and their fields; and what is said of it.
_MODELS = {
    "computed shape": (
        ("RESHAPE", [_float(4, 4), _INTS], _float(2, 8), "ReshapeOptions"),
        r"its input 1 \('t1'\) must be a constant",
    ),
    "no options": (
        ("ADD", [_BYTES, _BYTES], _BYTES, None),
        "the file lacks its options",
    ),
    "a missing input": (
        ("ADD", [_float(4)], _float(4), "AddOptions"),
        "its input 1 is missing",
    ),
    "no broadcast": (
        ("ADD", [_float(2, 3), _float(2, 4)], _float(2, 4), "AddOptions"),
        r"not supported in this form: float32 \[2, 3\], float32 \[2, 4\] to float32 \[2, 4\]$",
    ),
    "shaped by data": (
        ("WHERE", [QuantizedTensor((4,), "bool")], QuantizedTensor((2, 1), "int64"), None),
        "the shape of its result depends on its input's numbers",
    ),
    "more than there are": (
        (
            "TOPK_V2",
            [_float(4), np.array(5, np.int32)],
            [_float(5), QuantizedTensor((5,), "int32")],
            "TopKV2Options",
        ),
        "operator TOPK_V2: it gives 5 of 4 elements",
    ),
    "no such axis": (
        ("GATHER", [_float(2, 4), np.ones(1, np.int32)], _float(2, 1), "GatherOptions"),
        "there is no axis 7 in a tensor of 2 axes",
    ),
    "a wrong sum": (
        ("ADD", [_BYTES, _BYTES], tensor("int8", (3, 4)), "AddOptions"),
        r"its result has the shape \(2, 4\), but the file says \(3, 4\)",
    ),
    "a wrong image": (
        ("CONV_2D", [_IMAGE, _KERNEL], tensor("int8", (1, 9, 9, 3)), "Conv2DOptions"),
        r"its result has the shape \(1, 2, 2, 3\), but the file says \(1, 9, 9, 3\)",
    ),
    "a wrong table": (
        ("LOGISTIC", [_BYTES], QuantizedTensor((2, 5), "int8", 1 / 256, -128), None),
        r"its result has the shape \(2, 4\), but the file says \(2, 5\)",
    ),
    "a wrong row": (
        (
            "FULLY_CONNECTED",
            [_BYTES, Weights(np.ones((3, 5), np.int8), np.full(1, 0.1, np.float32), 0)],
            tensor("int8", (2, 3)),
            "FullyConnectedOptions",
        ),
        r"weights of \(3, 5\) make no \(2, 3\) of an input of \(2, 4\)",
    ),
    "no stride": (
        ("MAX_POOL_2D", [_IMAGE], _IMAGE, "Pool2DOptions"),
        "its options have StrideH 0",
    ),
    "a fused tanh": (
        ("ADD", [_float(4), _float(4)], _float(4), "AddOptions"),
        "the fused activation 4, which LiteRT leaves out",
    ),
    "a joined relu": (
        ("CONCATENATION", [_float(4), _float(4)], _float(8), "ConcatenationOptions"),
        "the fused activation 1, which LiteRT leaves out",
    ),
    "a bad scale": (
        ("ADD", [QuantizedTensor((4,), "int8", -1.0)] * 2, _BYTES, "AddOptions"),
        "tensor 't0' has a scale that is no positive number",
    ),
    "nothing": (
        ("EXP", [_float(0, 3)], _float(0, 3), "ExpOptions"),
        "input 't0' is float32 .0, 3.: inputs and outputs .* have at least one element",
    ),
    "itself": (
        ("CALL", [_float(4)], _float(4), "CallOptions"),
        "it calls subgraph 0, which calls it",
    ),
}
_FIELDS: dict[str, dict[str, object]] = {
    "a wrong image": _STRIDES,
    "a fused tanh": {"fusedActivationFunction": 4},
    "a joined relu": {"fusedActivationFunction": 1},
    "no such axis": {"axis": 7},
}


@pytest.mark.parametrize("name", _MODELS)
def test_what_is_said(name, tmp_path, require_module):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    (operator, given, result, options), says = _MODELS[name]
    path = tmp_path / "model.tflite"
    path.write_bytes(one_operator(operator, given, result, options, 1, **_FIELDS.get(name, {})))
    with pytest.raises(CompileError, match=says) as caught:
        compile(path)
    assert "\n" not in str(caught.value)


def test_all_obstacles_at_once(tmp_path, require_module):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    file = ModelFile()
    graph = file.graph()
    source, first, second, result = (graph.tensor(_float(4)) for _ in range(4))
    shape = graph.tensor(_INTS)
    graph.operator("FlexErf", [source], [first])
    graph.operator("SignalRfft", [first], [second])
    graph.operator("RESHAPE", [second, shape], [result], "ReshapeOptions", 1)
    graph.ends([source, shape], [result])
    path = tmp_path / "model.tflite"
    path.write_bytes(file.write())
    with pytest.raises(CompileError) as caught:
        compile(path)
    said = str(caught.value)
    assert "operators FlexErf, RESHAPE, SignalRfft: FlexErf: a custom operator" in said
    assert "must be a constant" in said
    assert "SignalRfft: a custom operator of TensorFlow Lite Micro's audio front end" in said
