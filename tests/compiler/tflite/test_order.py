# SPDX-License-Identifier: Apache-2.0
"""Operators that choose by order, and diagonals."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_cases import tensor
from tests.compiler.operators.tflite_file import one_operator


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int32"])
@pytest.mark.parametrize("shape", [(7,), (2, 3, 9)])
def test_top_k(checked, dtype, shape):
    """Few different values, so that some are equal."""
    source = tensor(dtype, shape)
    values = tensor(dtype, (*shape[:-1], 4))
    places = QuantizedTensor(values.shape, "int32")
    count = np.array(4, np.int32)
    checked(one_operator("TOPK_V2", [source, count], [values, places], "TopKV2Options"))


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_matrix_diag(checked, dtype):
    source, result = QuantizedTensor((2, 3), dtype), QuantizedTensor((2, 3, 3), dtype)
    checked(one_operator("MATRIX_DIAG", [source], result, "MatrixDiagOptions", 1))


@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 3, 5), (2, 5, 3)])
def test_matrix_set_diag(checked, shape):
    matrix = QuantizedTensor(shape, "float32")
    diagonal = QuantizedTensor((2, 3), "float32")
    checked(one_operator("MATRIX_SET_DIAG", [matrix, diagonal], matrix, "MatrixSetDiagOptions", 1))
