# SPDX-License-Identifier: Apache-2.0
"""Comparisons of quantized tensors: the oracle equals LiteRT, the C equals the oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.compare import Compare

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

_SHAPE = (1, 256, 16, 16)
_RELATIONS = {
    "equal": "EqualOptions",
    "not_equal": "NotEqualOptions",
    "greater": "GreaterOptions",
    "greater_equal": "GreaterEqualOptions",
    "less": "LessOptions",
    "less_equal": "LessEqualOptions",
}


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_integers_are_those_of_litert(
    require_module: Callable[..., object], run_c: Run, dtype: str
) -> None:
    """All pairs of 8-bit numbers; coarse scales, fine ones, and ones where many are equal."""
    require_module("ai_edge_litert", "ask LiteRT")
    low = int(np.iinfo(dtype).min)
    a, b = ((x + low).astype(dtype).reshape(_SHAPE) for x in np.meshgrid(range(256), range(256)))
    cases, expected = [], []
    for scales in [(0.05, 0.05), (0.5, 0.25), (0.99, 0.003), (0.001, 0.0013)]:
        tensors = [
            QuantizedTensor(_SHAPE, dtype, s, low + z)
            for s, z in zip(scales, (131, 7), strict=True)
        ]
        output = QuantizedTensor(_SHAPE, "bool")
        for relation, options in _RELATIONS.items():
            model = one_operator(relation.upper(), tensors, output, options)
            cases.append((Compare(relation, *tensors, output), [a, b]))
            expected.append(answer(model, [a, b]))
    for (operator, arrays), result, want in zip(cases, run_c(cases), expected, strict=True):
        assert np.array_equal(operator.compute(*arrays), want), operator.name
        assert np.array_equal(result, want), operator.name


def test_scales_from_one_on_are_refused() -> None:
    """LiteRT cannot compare them either."""
    tensor = QuantizedTensor((1,), "int8", 1.0)
    with pytest.raises(ValueError, match=r"1\.0 and 1\.0, but must be below 1"):
        Compare("less", tensor, tensor, QuantizedTensor((1,), "bool"))
