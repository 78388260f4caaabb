# SPDX-License-Identifier: Apache-2.0
"""The index of an extremum where every element is the one that TVM's kernel starts from."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import compile

OPERATORS, DTYPES = ("ArgMax", "ArgMin"), ("int8", "uint8", "float32")


@pytest.fixture(scope="module")
def model_file(require_module, tmp_path_factory):
    """One model of all cases: an input for each type, an output for each operator, type and end."""
    onnx = require_module("onnx", "write ONNX models")
    helper = onnx.helper
    inputs, nodes, outputs = [], [], []
    for dtype in DTYPES:
        element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        inputs.append(helper.make_tensor_value_info(dtype, element, [3, 4]))
        for operator in OPERATORS:
            for last in (0, 1):
                name = f"{operator}_{dtype}_{last}"
                attributes = {"axis": -1, "select_last_index": last}
                nodes.append(helper.make_node(operator, [dtype], [name], **attributes))
                outputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.INT64, [3, 1]))
    graph = helper.make_graph(nodes, "positions", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path_factory.mktemp("positions") / "positions.onnx"
    onnx.save(model, path)
    return path


def test_all_elements_at_the_limit(model_file, build, require_module):
    runtime = require_module("onnxruntime", "compare with ONNX Runtime")
    session = runtime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    model = build(compile(model_file))
    for end in (0, 1):
        samples = {}
        for dtype in DTYPES:
            limits = (
                (-np.inf, np.inf)
                if dtype == "float32"
                else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            )
            edge = limits[end]
            samples[dtype] = np.array([[edge] * 4, [edge, 1, 2, 1], [1, edge, edge, 1]], dtype)
        expected = session.run(None, samples)
        for got, want in zip(model(*samples.values()), expected, strict=True):
            np.testing.assert_array_equal(got, want)
