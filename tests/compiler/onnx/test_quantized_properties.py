# SPDX-License-Identifier: Apache-2.0
"""Quantized operators of any scale and zero point: within a quantum of onnxruntime's.

What is compared is the graph that the frontend makes, with each operator of ours computed in NumPy;
that the C of an operator computes the same is what ``tests/compiler/operators`` and
``test_quantized.py`` test.
"""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microtvm.compiler.frontends.onnx.calls import DOMAIN, NAME
from microtvm.compiler.frontends.onnx.prepare import prepare

SHAPE = (1, 3, 5, 4)

_MODE = "coordinate_transformation_mode"

# Operator, its attributes, and what its second input is: nothing, another activation, or weights of
# a shape and the axis along which their scales may vary.
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "Conv": ({"kernel_shape": [3, 2], "pads": [1, 0, 1, 1]}, ((4, 3, 3, 2), 0)),
    "Conv depthwise": ({"group": 3, "strides": [2, 1]}, ((6, 1, 2, 3), 0)),
    "ConvTranspose": ({"strides": [2, 1]}, ((3, 4, 3, 2), 1)),
    "MatMul": ({}, ((4, 6), 1)),
    "Add": ({}, None),
    "Sub": ({}, None),
    "Mul": ({}, None),
    "Div": ({}, None),
    "MatMul activations": ({}, None),
    "Max": ({}, None),
    "PRelu": ({}, None),
    "Concat": ({"axis": 1}, None),
    "Relu": ({}, ()),
    "Sigmoid": ({}, ()),
    "LeakyRelu": ({"alpha": 0.3}, ()),
    "MaxPool": ({"kernel_shape": [2, 3], "pads": [1, 1, 0, 1]}, ()),
    "AveragePool": ({"kernel_shape": [3, 2], "strides": [2, 1]}, ()),
    "GlobalAveragePool": ({}, ()),
    "Transpose": ({"perm": [0, 3, 1, 2]}, ()),
    "Split": ({"axis": 1}, ()),
    "Softmax": ({"axis": -1}, ()),
    "Softmax channels": ({"axis": 1}, ()),
    "LogSoftmax": ({"axis": 2}, ()),
    "Resize": ({"mode": "linear"}, ()),
    "Resize pytorch": ({"mode": "linear", _MODE: "pytorch_half_pixel"}, ()),
    "Resize corners": ({"mode": "linear", _MODE: "align_corners"}, ()),
    "Resize asymmetric": ({"mode": "linear", _MODE: "asymmetric"}, ()),
}


@st.composite
def _cases(draw: st.DrawFn, kind: str) -> tuple[Any, list[np.ndarray]]:
    """A model of one operator between dequantizes and quantizes, and its inputs."""
    from onnx import helper, numpy_helper

    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    operator, (attributes, second) = kind.split()[0], KINDS[kind]
    constants: dict[str, np.ndarray] = {}
    nodes: list[Any] = []
    inputs: dict[str, np.ndarray] = {}

    def parameters(name: str, dtype: str, scale: Any) -> list[str]:
        low = int(np.iinfo(dtype).min)
        zero = low + draw(st.sampled_from([0, 255]) | st.integers(0, 255))
        constants[f"{name}_scale"] = np.asarray(scale, np.float32)
        constants[f"{name}_zero"] = np.asarray(zero, dtype)
        return [f"{name}_scale", f"{name}_zero"]

    def scale() -> float:
        return float(np.float32(np.exp(draw(st.floats(-6, -1)))))

    def activation(name: str, shape: tuple[int, ...] = SHAPE) -> float:
        dtype, step = draw(st.sampled_from(["int8", "uint8"])), scale()
        low = int(np.iinfo(dtype).min)
        inputs[name] = random.integers(low, low + 256, shape).astype(dtype)
        extra = parameters(name, dtype, step)
        if operator == "Div" and name == "w":  # what is divided by is not zero
            zero = constants[extra[1]]
            inputs[name][inputs[name] == zero] = zero + 1 if zero < low + 255 else low
        nodes.append(helper.make_node("DequantizeLinear", [name, *extra], [f"{name}_real"]))
        return step

    step = activation("x")
    real = ["x_real"]
    size = 1.0  # how large results are, in steps of the data
    if second is None:
        other = activation("w", (1, 3, 4, 6) if operator == "MatMul" else SHAPE)
        real.append("w_real")
        size = {"Div": 1 / (64 * step * other), "MatMul": 128 * other}.get(operator, 1.0)
    elif second:
        extents, axis = second
        count = extents[axis] if draw(st.booleans()) else 1
        steps = np.exp(random.uniform(-6, -3, count)).astype(np.float32)
        constants["w"] = random.integers(-127, 128, extents).astype(np.int8)
        constants["w_scale"] = steps if count > 1 else steps.reshape(())
        constants["w_zero"] = np.zeros(constants["w_scale"].shape, np.int8)
        chosen = {"axis": axis} if count > 1 else {}
        nodes.append(
            helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["w_real"], **chosen)
        )
        real.append("w_real")
        size = float(np.sqrt(np.prod(extents))) * 64 * float(steps.max())
    count = 2 if operator == "Split" else 1
    results = [f"y{i}_real" for i in range(count)]
    if operator == "Split":
        constants["sizes"] = np.array([1, 2])
        real.append("sizes")
    if operator == "Resize":
        # Runtimes disagree about the corners of what would have a fraction of a row more.
        given_sizes = "corners" in kind
        sizes = np.array([*SHAPE[:2], *random.integers(3, 13, 2)])
        scales = np.array([1, 1, *random.uniform(0.6, 3, 2)], np.float32)
        constants["extents"] = sizes if given_sizes else scales
        real += ["", "", "extents"] if given_sizes else ["", "extents"]
    nodes.append(helper.make_node(operator, real, results, **attributes))
    outputs = []
    for index, result in enumerate(results):
        dtype = draw(st.sampled_from(["int8", "uint8"]))
        out = step * size * 2.0 ** draw(st.floats(-3, 3))
        if operator == "Resize":
            out = max(out, step)
        extra = parameters(f"y{index}", dtype, out)
        if operator == "Softmax":
            constants[extra[0]] = np.float32(1 / draw(st.sampled_from([255, 256])))
            constants[extra[1]] = np.asarray(np.iinfo(dtype).min, dtype)
        nodes.append(helper.make_node("QuantizeLinear", [result, *extra], [f"y{index}"]))
        element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        outputs.append(helper.make_tensor_value_info(f"y{index}", element, None))
    graph = helper.make_graph(
        nodes,
        "one",
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in inputs.items()
        ],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model, list(inputs.values())


def _ours(model: Any, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The prepared graph's answers; all but moves of data must be operators of ours."""
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    prepared, operators = prepare(pathlib.Path("model.onnx"), model)
    left = {node.op_type for node in prepared.graph.node}
    assert left <= {NAME, "Transpose", "Reshape", "Slice", "Concat", "Identity"}, left

    class MicrotvmOperator(OpRun):  # type: ignore[misc]
        op_domain = DOMAIN

        def _run(self, *values: Any, number: int, shape: list[int]) -> Any:
            operator = operators[number]
            shaped = [
                np.asarray(v).reshape(t.shape) for v, t in zip(values, operator.inputs, strict=True)
            ]
            return (operator.compute(*shaped).reshape(shape),)

    answers: list[np.ndarray] = ReferenceEvaluator(prepared, new_ops=[MicrotvmOperator]).run(
        None, arrays
    )
    return answers


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_within_a_quantum(kind: str, require_module: Any, data: st.DataObject) -> None:
    require_module("tvm", "compile a model")
    require_module("onnx", "write ONNX models")
    ort = require_module("onnxruntime", "compare with ONNX Runtime")
    model, arrays = data.draw(_cases(kind))
    names = [value.name for value in model.graph.input]
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given_ = dict(zip(names, arrays, strict=True))
    expected = session.run(None, given_)
    for got, want in zip(_ours(model, given_), expected, strict=True):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        assert np.abs(got.astype(int) - want.astype(int)).max() <= 1
