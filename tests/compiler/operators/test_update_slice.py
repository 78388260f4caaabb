# SPDX-License-Identifier: Apache-2.0
"""Updating a part of a tensor: the oracle equals LiteRT, the C equals the oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.update_slice import UpdateSlice

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

# Inside, at the ends, and where LiteRT moves the update back inside.
_STARTS = [(0, 0, 0), (1, 2, 3), (2, 1, 0), (-1, 9, -2147483648), (2147483647, -3, 1)]


@pytest.mark.parametrize("dtype", ["float32", "int8", "int32", "bool"])
def test_elements_are_those_of_litert(
    require_module: Callable[..., object], run_c: Run, dtype: str
) -> None:
    require_module("ai_edge_litert", "ask LiteRT")
    operand, update, start = (
        QuantizedTensor(shape, kind)
        for shape, kind in (((3, 4, 5), dtype), ((1, 2, 2), dtype), ((3,), "int32"))
    )
    model = one_operator(
        "DYNAMIC_UPDATE_SLICE", [operand, update, start], operand, "DynamicUpdateSliceOptions"
    )
    operator = UpdateSlice(operand, update, start)
    values = np.arange(60).reshape(3, 4, 5) % (2 if dtype == "bool" else 100)
    over = np.array([[[101, 102], [103, 104]]]) % (2 if dtype == "bool" else 128)
    cases = [
        (operator, [values.astype(dtype), over.astype(dtype), np.array(s, np.int32)])
        for s in _STARTS
    ]
    for (_, arrays), result in zip(cases, run_c(cases), strict=True):
        want = answer(model, arrays)
        assert np.array_equal(operator.compute(*arrays), want)
        assert np.array_equal(result, want)


def test_an_update_that_is_too_large_is_refused() -> None:
    small, large = QuantizedTensor((2, 2), "int8"), QuantizedTensor((2, 3), "int8")
    with pytest.raises(ValueError, match="fits not into"):
        UpdateSlice(small, large, QuantizedTensor((2,), "int32"))
