# SPDX-License-Identifier: Apache-2.0
"""Computed indices that point outside of a tensor: nothing there is read or written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from microtvm.compiler import compile
from microtvm.compiler.errors import CompileError
from microtvm.compiler.verify.host_build import HostBuild

_ADDRESS_SANITIZER = "gcc -fsanitize=address,undefined -fno-sanitize-recover=all"
_DATA = np.arange(1, 13, dtype="float32").reshape(4, 3)
_WIDE = np.iinfo("int64")

# The operator, its attributes, the extents of what is indexed, and samples of indices: inside, just
# outside at either end, and as far outside as their type goes.
_CASES: dict[str, tuple[dict[str, Any], tuple[int, ...], str, list[Any]]] = {
    "Gather": ({}, (4,), "int64", [[1, -4], [4, -5], [_WIDE.max, _WIDE.min]]),
    "GatherElements": (
        {"axis": 1},
        (3,),
        "int32",
        [[[0, -1]], [[3, -4]], [[2**31 - 1, -(2**31)]]],
    ),
    "GatherND": ({}, (4, 3), "int64", [[[1, -3]], [[4, -4]], [[_WIDE.min, _WIDE.max]]]),
    "ScatterElements": (
        {"axis": 0},
        (4,),
        "int32",
        [[[0], [-1]], [[4], [-5]], [[2**31 - 1], [-(2**31)]]],
    ),
    "ScatterND": ({}, (4,), "int64", [[[0], [-1]], [[4], [-5]], [[_WIDE.max], [_WIDE.min]]]),
    "MaxUnpool": (
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        (16,),
        "int64",
        [[[[[0, 7]], [[12, 15]]]], [[[[1, 2]], [[16, -17]]]], [[[[1, 2]], [[_WIDE.max, 3]]]]],
    ),
    "RoiAlign": ({"sampling_ratio": 1}, (2,), "int64", [[0, 1], [2, 0], [_WIDE.max, _WIDE.min]]),
}


def _given(operator: str) -> tuple[np.ndarray, np.ndarray | None]:
    """What is indexed, and what is put there, or the boxes that are looked at."""
    if operator == "MaxUnpool":
        return _DATA[:2, :2].reshape(1, 2, 1, 2), None
    if operator == "RoiAlign":
        return np.stack([_DATA, -_DATA])[:, None], np.array([[0, 0, 2, 3]] * 2, "float32")
    if operator.startswith("Scatter"):
        return _DATA, np.full((2, 1) if operator == "ScatterElements" else (2, 3), 99, "float32")
    return _DATA, None


def _model(onnx: Any) -> Any:
    helper = onnx.helper
    inputs, constants, nodes, outputs = [], [], [], []
    for operator, (attributes, _, dtype, samples) in _CASES.items():
        data, more = _given(operator)
        element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        shape = np.shape(samples[0])
        inputs.append(helper.make_tensor_value_info(f"{operator}_i", element, shape))
        # Computed as well: memory of its own, with what guards it at either end.
        inputs.append(helper.make_tensor_value_info(f"{operator}_x", 1, data.shape))
        names = [f"{operator}_x", f"{operator}_i"]
        if more is not None:
            constants.append(onnx.numpy_helper.from_array(more, f"{operator}_m"))
            names.insert(1 if operator == "RoiAlign" else 2, f"{operator}_m")
        nodes.append(helper.make_node(operator, names, [operator], **attributes))
        outputs.append(onnx.ValueInfoProto(name=operator))
    graph = helper.make_graph(nodes, "indices", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 16)]
    made = helper.make_model(graph, opset_imports=opset, ir_version=8)
    return onnx.shape_inference.infer_shapes(made, data_prop=True)


@pytest.fixture(scope="module")
def model(require_module: Any, require: Any) -> Any:
    for name in ("tvm", "onnxruntime"):
        require_module(name, "compile models, and compare")
    require("gcc", "build under AddressSanitizer")
    return _model(require_module("onnx", "write ONNX models"))


def test_nothing_outside_is_read_or_written(model, tmp_path, monkeypatch):
    """As onnxruntime answers for the nearest index that is inside."""
    import onnx
    import onnxruntime

    onnx.save(model, tmp_path / "indices.onnx")
    compiled = compile(tmp_path / "indices.onnx")
    monkeypatch.setenv("CC", _ADDRESS_SANITIZER)
    samples: dict[str, list[np.ndarray]] = {}
    for operator, (_, extents, dtype, indices) in _CASES.items():
        ends = np.array(extents)
        samples[f"{operator}_i"] = [np.array(one, dtype) for one in indices]
        samples[f"{operator}_x"] = [_given(operator)[0]] * len(indices)
        inside = [np.clip(np.array(one), -ends, ends - 1) for one in indices]
        samples[f"{operator}_inside"] = [
            np.where(one < 0, one + ends, one).astype(dtype) for one in inside
        ]
    with HostBuild(compiled) as build:
        ours = build.answers([np.stack(samples[info.name]) for info in compiled.inputs])
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for number in range(3):
        feeds = {info.name: samples[info.name][number] for info in compiled.inputs}
        feeds |= {f"{operator}_i": samples[f"{operator}_inside"][number] for operator in _CASES}
        expected = session.run([info.name for info in compiled.outputs], feeds)
        for info, got, want in zip(compiled.outputs, ours, expected, strict=True):
            np.testing.assert_allclose(got[number], want, rtol=1e-6, err_msg=f"{info.name}")


@pytest.mark.parametrize("operator", _CASES)
def test_constant_indices_outside_are_refused(operator, model, tmp_path):
    """By the operator's name."""
    import onnx

    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    _, _, dtype, samples = _CASES[operator]
    name, outside = f"{operator}_i", np.array(samples[1], dtype)
    changed.graph.initializer.append(onnx.numpy_helper.from_array(outside, name))
    left = [value for value in changed.graph.input if value.name != name]
    del changed.graph.input[:]
    changed.graph.input.extend(left)
    onnx.save(changed, tmp_path / "indices.onnx")
    with pytest.raises(CompileError, match=rf"operator {operator}: an index lies outside"):
        compile(tmp_path / "indices.onnx")
