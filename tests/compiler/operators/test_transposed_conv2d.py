# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions: C equals the oracle, the oracle LiteRT.

As for other layers, XNNPACK's scaling by float32 may turn one output in a great many by one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.transposed_conv2d import TransposedConv2D

from .conftest import Run
from .litert import answer
from .tflite_file import Weights, one_operator

Layer = tuple[bytes, np.ndarray]


@st.composite
def _layers(draw: st.DrawFn) -> Layer:
    random = np.random.default_rng(draw(st.integers(0, 999)))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    same = draw(st.booleans())
    out = [
        n * s if same else (n - 1) * s + max(k, s)
        for n, k, s in zip(size, kernel, strides, strict=True)
    ]
    channels, results = draw(st.sampled_from([1, 3, 4, 8])), draw(st.integers(1, 9))
    zero = st.sampled_from([-128, 127]) | st.integers(-128, 127)
    source = QuantizedTensor((draw(st.integers(1, 2)), *size, channels), "int8", 0.0625, draw(zero))
    output = QuantizedTensor((source.shape[0], *out, results), "int8", 0.125, draw(zero))
    factor = draw(st.sampled_from([0.002, 0.02, 2.0]))
    scales = (factor * random.uniform(0.3, 1.5, results)).astype(np.float32)
    shape = (results, *kernel, channels)
    weights = Weights(random.integers(-127, 128, shape).astype(np.int8), scales, 0)
    operands = [np.array(output.shape, np.int32), weights, source]
    if draw(st.booleans()):
        values = random.integers(-30000, 30000, results).astype(np.int32)
        operands.append(Weights(values, scales * np.float32(source.scale), 0))
    model = one_operator(
        "TRANSPOSE_CONV",
        operands,
        output,
        "TransposeConvOptions",
        3,
        padding=0 if same else 1,
        strideH=strides[0],
        strideW=strides[1],
    )
    return model, random.integers(-128, 128, source.shape).astype(np.int8)


@settings(max_examples=2, derandomize=True, deadline=None)
@given(layers=st.lists(_layers(), min_size=30, max_size=30))
def test_transposed_convolutions(
    require_module: Callable[..., object],
    run_c: Run,
    tmp_path_factory: pytest.TempPathFactory,
    layers: list[Layer],
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    file = tmp_path_factory.mktemp("layers") / "model.tflite"
    cases = []
    for model, array in layers:
        file.write_bytes(model)
        (operator,) = read_file(file, {}).operators.values()
        assert isinstance(operator, TransposedConv2D)
        cases.append((operator, [array]))
    differing = elements = 0
    for (operator, arrays), result, (model, array) in zip(cases, run_c(cases), layers, strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        off = np.abs(result.astype(int) - answer(model, [array]))
        assert off.max() <= 1, vars(operator)
        differing += int((off != 0).sum())
        elements += off.size
    assert differing <= elements / 1000


def test_sums_that_need_more_than_32_bits_are_refused() -> None:
    source = QuantizedTensor((1, 2, 2, 1), "int8", 0.1, -128)
    output = QuantizedTensor((1, 2, 2, 1), "int8", 0.1, 0)
    weights, bias = np.full((1, 1, 1, 1), 127, np.int8), np.array([2**31 - 1], np.int32)
    with pytest.raises(ValueError, match="more than 32 bits"):
        TransposedConv2D(source, output, weights, bias, np.array([0.1]), (1, 1), (0, 0))
