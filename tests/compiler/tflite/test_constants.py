# SPDX-License-Identifier: Apache-2.0
"""Constants: buffers without data, shapes that are computed, indices that point outside."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import CompileError, compile
from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_file import ModelFile, one_operator

_FLOAT = QuantizedTensor((2, 3), "float32")


def test_buffers_without_data(checked):
    """Converters give every tensor a buffer of its own, empty where it is no constant."""
    file = ModelFile()
    graph = file.graph()
    source, middle, result = (graph.tensor(_FLOAT) for _ in range(3))
    one = graph.tensor(np.ones((2, 3), np.float32))
    for index in (source, middle, result):
        graph.raw.tensors[index].buffer = len(file.raw.buffers)
        file.raw.buffers.append(type(file.raw.buffers[0])())
    graph.operator("ADD", [source, one], [middle], "AddOptions", 1)
    graph.operator("EXP", [middle], [result], "ExpOptions", 1)
    graph.ends([source], [result])
    checked(file.write())


def test_a_mean_along_no_axis(checked):
    """The axes are a constant of no elements, whose buffer has no data either."""
    file = ModelFile()
    graph = file.graph()
    source, result = graph.tensor(_FLOAT), graph.tensor(_FLOAT)
    none = graph.tensor(np.zeros(0, np.int32))
    graph.operator("MEAN", [source, none], [result], "ReducerOptions", 1, keepDims=True)
    graph.ends([source], [result])
    checked(file.write())


def test_shapes_are_computed_when_compiling(checked):
    """SHAPE, STRIDED_SLICE and PACK before a RESHAPE, as Keras's Flatten is converted."""
    file = ModelFile()
    graph = file.graph()
    source, result = (graph.tensor(QuantizedTensor(s, "float32")) for s in ((2, 3, 4), (2, 12)))
    shape, batch, wanted = (graph.tensor(QuantizedTensor(s, "int32")) for s in ((3,), (), (2,)))
    zero, one = (graph.tensor(np.array([n], np.int32)) for n in (0, 1))
    rest = graph.tensor(np.array(12, np.int32))
    graph.operator("SHAPE", [source], [shape], "ShapeOptions", 1, outType=2)
    graph.operator(
        "STRIDED_SLICE",
        [shape, zero, one, one],
        [batch],
        "StridedSliceOptions",
        1,
        shrinkAxisMask=1,
    )
    graph.operator("PACK", [batch, rest], [wanted], "PackOptions", 1, valuesCount=2)
    graph.operator("RESHAPE", [source, wanted], [result], "ReshapeOptions", 1)
    graph.ends([source], [result])
    checked(file.write())


@pytest.mark.parametrize("operator", ["GATHER", "GATHER_ND"])
def test_a_constant_index_outside_is_refused(operator, tmp_path, require_module):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    options = {"GATHER": "GatherOptions", "GATHER_ND": "GatherNdOptions"}[operator]
    path = tmp_path / "model.tflite"
    places = np.array([[0], [2]], np.int32)
    result = QuantizedTensor((2, 1, 3) if operator == "GATHER" else (2, 3), "float32")
    path.write_bytes(one_operator(operator, [_FLOAT, places], result, options, 1))
    with pytest.raises(
        CompileError, match=f"operator {operator}: an index points outside its axis"
    ):
        compile(path)


def test_an_index_outside_stays_in_the_tensor(tmp_path, build, require_module):
    """LiteRT fails on it; a board reads the nearest element."""
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    kinds = [QuantizedTensor((5,), "float32"), QuantizedTensor((4,), "int32")]
    result = QuantizedTensor((4,), "float32")
    path = tmp_path / "model.tflite"
    path.write_bytes(one_operator("GATHER", kinds, result, "GatherOptions", 1))
    places = np.array([-2147483648, -1, 4, 2147483647], np.int32)
    (found,) = build(compile(path))(np.arange(5, dtype=np.float32), places)
    assert found.tolist() == [0, 0, 4, 4]


def test_gather_by_rows(checked):
    """Each row of the batch has its own places (batch_dims)."""
    kinds = [QuantizedTensor((2, 3), "float32"), np.array([[2, 0], [1, 1]], np.int32)]
    result = QuantizedTensor((2, 2), "float32")
    checked(one_operator("GATHER", kinds, result, "GatherOptions", 5, axis=1, batchDims=1))
