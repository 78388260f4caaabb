# SPDX-License-Identifier: Apache-2.0
"""Add, sub, mul, minimum, maximum: the oracle equals LiteRT, the C equals the oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.elementwise import Add, Binary, Extremum, Mul

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

_SHAPE = (1, 256, 16, 16)


def _all_pairs(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of 8-bit numbers."""
    low = np.iinfo(dtype).min
    a, b = np.meshgrid(np.arange(256) + low, np.arange(256) + low)
    return a.astype(dtype).reshape(_SHAPE), b.astype(dtype).reshape(_SHAPE)


def _make(kind: str, tensors: list[QuantizedTensor], rounding: str, **more: object) -> Binary:
    if kind == "MUL":
        return Mul(*tensors, rounding=rounding, **more)
    return Add(*tensors, rounding=rounding, subtract=kind == "SUB", **more)


@st.composite
def _tensors(draw: st.DrawFn) -> list[QuantizedTensor]:
    """Two operands and a result, with scales at most 200 apart and zero points at both ends."""
    dtype = draw(st.sampled_from(["int8", "uint8"]))
    low = int(np.iinfo(dtype).min)
    zero = st.sampled_from([0, 255]) | st.integers(0, 255)
    scale = st.integers(655, 131072).map(lambda n: n / 65536)  # 0.01 to 2, exact in float32
    return [QuantizedTensor(_SHAPE, dtype, draw(scale), low + draw(zero)) for _ in range(3)]


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("rounding", ["single", "double"])
@settings(max_examples=12, derandomize=True, deadline=None)
@given(tensors=_tensors())
def test_integers_are_those_of_litert(
    require_module: Callable[..., object], kind: str, rounding: str, tensors: list[QuantizedTensor]
) -> None:
    require_module("ai_edge_litert", "ask LiteRT")
    arrays = _all_pairs(tensors[0].dtype)
    model = one_operator(kind, tensors[:2], tensors[2], f"{kind.capitalize()}Options")
    expected = answer(model, arrays, reference=rounding == "double")
    assert np.array_equal(_make(kind, tensors, rounding).compute(*arrays), expected)


def test_c_computes_what_the_oracle_does(run_c: Run) -> None:
    cases = []
    draw = np.random.default_rng(0)
    for dtype, zeros in (("int8", (-128, 127, 5)), ("uint8", (255, 0, 100))):
        arrays = _all_pairs(dtype)
        for scales in ((0.5, 0.02, 0.1), (1.0, 1.0, 0.0101), (0.003, 2.0, 3.0)):
            tensors = [
                QuantizedTensor(_SHAPE, dtype, scale, zero)
                for scale, zero in zip(scales, zeros, strict=True)
            ]
            low = tensors[2].zero_point
            for kind in ("ADD", "SUB", "MUL"):
                for rounding in ("single", "double"):
                    more = {"limits": (low, tensors[2].limits[1])} if kind == "SUB" else {}
                    cases.append((_make(kind, tensors, rounding, **more), arrays))
        alike = [QuantizedTensor(_SHAPE, dtype, 0.1, 3)] * 3
        cases += [(Extremum(*alike, largest=largest), arrays) for largest in (True, False)]
    words = [QuantizedTensor((3000,), "int16", scale) for scale in (0.001, 0.004, 0.002)]
    wide = [draw.integers(-32768, 32768, 3000).astype(np.int16) for _ in range(2)]
    cases += [(_make(kind, words, "double"), wide) for kind in ("ADD", "SUB", "MUL")]
    for a, b, out in (
        ((2, 3, 4), (4,), (2, 3, 4)),
        ((3, 1), (2, 1, 5), (2, 3, 5)),
        ((), (2, 2), (2, 2)),
    ):
        tensors = [QuantizedTensor(shape, "int8", 0.1) for shape in (a, b, out)]
        values = [draw.integers(-128, 128, shape).astype(np.int8) for shape in (a, b)]
        cases.append((Add(*tensors), values))
    for (operator, arrays), result in zip(cases, run_c(cases), strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)


def test_operands_of_another_shape_are_not_written_over() -> None:
    whole, row = QuantizedTensor((2, 4), "int8"), QuantizedTensor((4,), "int8")
    assert Add(row, whole, whole).overwritable == (1,)


def test_extremum_of_tensors_quantized_differently_is_refused() -> None:
    a, b = QuantizedTensor((4,), "int8", 0.1), QuantizedTensor((4,), "int8", 0.2)
    with pytest.raises(ValueError, match="quantized alike"):
        Extremum(a, b, a, largest=True)
