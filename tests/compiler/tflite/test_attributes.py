# SPDX-License-Identifier: Apache-2.0
"""Attributes that TVM's importer does not read, or takes in one value only."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_cases import tensor
from tests.compiler.operators.tflite_file import ModelFile, one_operator

_IMAGE = (1, 4, 4, 2)


def _ints(*values: object) -> np.ndarray:
    return np.array(values, np.int32)


def test_softmax_has_a_beta(checked):
    kind = QuantizedTensor((3, 5), "float32")
    checked(one_operator("SOFTMAX", [kind], kind, "SoftmaxOptions", 1, beta=2.5))


# Begin, end and strides, the result's shape, and the masks.
_SLICES = {
    "masks": (
        [9, 1, 0, 0],
        [0, 0, 2, 9],
        [1, 1, 1, 1],
        (1, 3, 2, 2),
        {"beginMask": 1, "endMask": 3},
    ),
    "backwards": ([0, 3, -1, 0], [1, 0, -5, 2], [1, -1, -1, 1], (1, 3, 4, 2), {}),
    "one row": ([0, -1, 1, 0], [1, 0, 4, 2], [1] * 4, (1, 3, 2), {"shrinkAxisMask": 2}),
    "ellipsis": ([0, 1], [0, 2], [1, 1], (1, 4, 4, 1), {"ellipsisMask": 1}),
    "new axis": ([0, 0, 1], [0, 1, 4], [1, 1, 1], (1, 1, 3, 4, 2), {"newAxisMask": 1}),
    "offset": ([0, 1, 1, 0], [1, 2, 2, 2], [1] * 4, (1, 2, 2, 2), {"offset": True}),
}


@pytest.mark.parametrize("name", _SLICES)
def test_strided_slice(checked, name):
    begin, end, strides, shape, masks = _SLICES[name]
    given = [tensor("int8", _IMAGE), _ints(*begin), _ints(*end), _ints(*strides)]
    result = tensor("int8", shape)
    checked(one_operator("STRIDED_SLICE", given, result, "StridedSliceOptions", 2, **masks))


def test_operators_one_after_the_other(checked):
    """Mirrored symmetrically, summed from the back, multiplied in broadcast batches, squeezed."""
    file = ModelFile()
    graph = file.graph()
    shapes = [(1, 4, 3), (1, 4, 5), (1, 4, 5), (2, 5, 1), (2, 4, 1), (2, 4)]
    source, padded, summed, weights, product, result = (
        graph.tensor(QuantizedTensor(shape, "float32")) for shape in shapes
    )
    widths = graph.tensor(_ints([0, 0], [0, 0], [1, 1]))
    axis = graph.tensor(np.array(-1, np.int32))
    graph.operator("MIRROR_PAD", [source, widths], [padded], "MirrorPadOptions", 1, mode=1)
    graph.operator("CUMSUM", [padded, axis], [summed], "CumsumOptions", 1, reverse=True)
    graph.operator("BATCH_MATMUL", [summed, weights], [product], "BatchMatMulOptions", 1)
    graph.operator("SQUEEZE", [product], [result], "SqueezeOptions", 1)
    graph.ends([source, weights], [result])
    checked(file.write())


def test_a_condition_for_each_row(checked):
    kind = tensor("int8", (4, 2))
    given = [QuantizedTensor((4,), "bool"), kind, kind]
    checked(one_operator("SELECT", given, kind, "SelectOptions", 2))


def test_scattered_rows_add_up(checked):
    given = [_ints([4], [1], [4]), QuantizedTensor((3, 3), "float32"), _ints(6, 3)]
    result = QuantizedTensor((6, 3), "float32")
    checked(one_operator("SCATTER_ND", given, result, "ScatterNdOptions", 1))


@pytest.mark.parametrize(("dtype", "number"), [("uint8", 3), ("int8", 9)])
def test_floats_beyond_a_byte_saturate(checked, dtype, number):
    given, result = QuantizedTensor((3, 5), "float32"), QuantizedTensor((3, 5), dtype)
    file = ModelFile()
    graph = file.graph()
    source, wide, narrow = graph.tensor(given), graph.tensor(given), graph.tensor(result)
    graph.raw.tensors[narrow].quantization = None
    factor = graph.tensor(np.array(1000, np.float32))
    graph.operator("MUL", [source, factor], [wide], "MulOptions", 1)
    graph.operator("CAST", [wide], [narrow], "CastOptions", 1, inDataType=0, outDataType=number)
    graph.ends([source], [narrow])
    checked(file.write())
