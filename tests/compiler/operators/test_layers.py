# SPDX-License-Identifier: Apache-2.0
"""Convolutions, depthwise convolutions and dense layers: C equals the oracle, the oracle LiteRT.

XNNPACK scales by float32, which rounds a product that lies within its last bit of a half to the
other side; one in some hundred thousand outputs may therefore be off by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import Operator, QuantizedTensor
from microtvm.compiler.operators.conv2d import Conv2D, Window
from microtvm.compiler.operators.dense import Dense
from microtvm.compiler.operators.depthwise import Depthwise

from .conftest import Run
from .litert import answer
from .random_windows import windows
from .tflite_file import Weights, one_operator

Layer = tuple[bytes, np.ndarray]


def _weights(
    random: np.random.Generator, shape: Sequence[int], axis: int, factor: float
) -> Weights:
    """Weights of scales per channel that together bring the sums to the output's range."""
    scales = (factor * random.uniform(0.3, 1.5, shape[axis])).astype(np.float32)
    return Weights(random.integers(-127, 128, shape).astype(np.int8), scales, axis)


def _bias(random: np.random.Generator, weights: Weights, input_scale: float) -> Weights:
    channels = weights.values.shape[weights.axis]
    values = random.integers(-30000, 30000, channels).astype(np.int32)
    return Weights(values, (weights.scales * np.float32(input_scale)).astype(np.float32), 0)


@st.composite
def _convolutions(draw: st.DrawFn) -> Layer:
    depthwise = draw(st.booleans())
    random = np.random.default_rng(draw(st.integers(0, 999)))
    kernel, strides, dilation, size, same, out = draw(windows())
    batch, channels = draw(st.integers(1, 2)), draw(st.sampled_from([1, 3, 4, 8]))
    results = channels * draw(st.integers(1, 2)) if depthwise else draw(st.integers(1, 9))
    zero = st.sampled_from([-128, 127]) | st.integers(-128, 127)
    source = QuantizedTensor((batch, *size, channels), "int8", 0.0625, draw(zero))
    output = QuantizedTensor((batch, *out, results), "int8", 0.125, draw(zero))
    shape = (1, *kernel, results) if depthwise else (results, *kernel, channels)
    # Factors around 1 make shifts of both signs.
    factor = draw(st.sampled_from([0.002, 0.02, 2.0]))
    weights = _weights(random, shape, 3 if depthwise else 0, factor)
    operator = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    more: dict[str, Any] = {"depthMultiplier": results // channels} if depthwise else {}
    model = one_operator(
        operator,
        [source, weights, _bias(random, weights, source.scale)],
        output,
        "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
        3,
        padding=0 if same else 1,
        strideH=strides[0],
        strideW=strides[1],
        dilationHFactor=dilation[0],
        dilationWFactor=dilation[1],
        fusedActivationFunction=draw(st.sampled_from([0, 1, 3])),
        **more,
    )
    return model, random.integers(-128, 128, source.shape).astype(np.int8)


@st.composite
def _dense_layers(draw: st.DrawFn) -> Layer:
    random = np.random.default_rng(draw(st.integers(0, 999)))
    rows, depth, units = (draw(st.integers(1, n)) for n in (3, 70, 11))
    source = QuantizedTensor((rows, depth), "int8", 0.0625, draw(st.integers(-128, 127)))
    output = QuantizedTensor((rows, units), "int8", 0.125, draw(st.integers(-128, 127)))
    weights = _weights(random, (units, depth), 0, 0.005)
    model = one_operator(
        "FULLY_CONNECTED",
        [source, weights, _bias(random, weights, source.scale)],
        output,
        "FullyConnectedOptions",
        4,
        fusedActivationFunction=draw(st.sampled_from([0, 1, 3])),
    )
    return model, random.integers(-128, 128, source.shape).astype(np.int8)


@settings(max_examples=2, derandomize=True, deadline=None)
@given(layers=st.lists(_convolutions() | _dense_layers(), min_size=40, max_size=40))
def test_layers(
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
        assert isinstance(operator, (Conv2D, Depthwise, Dense))
        cases.append((operator, [array]))
    results = run_c(cases)
    differing = elements = 0
    for (operator, arrays), result, (model, array) in zip(cases, results, layers, strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        off = np.abs(result.astype(int) - answer(model, [array]))
        assert off.max() <= 1, vars(operator)
        differing += int((off != 0).sum())
        elements += off.size
    assert differing <= elements / 1000


def _extreme(bias: int, weight: int, zero: int) -> Operator:
    """A layer whose sums are as large as they can be."""
    source = QuantizedTensor((1, 3, 3, 4), "int8", 0.1, zero)
    output = QuantizedTensor((1, 3, 3, 6), "int8", 0.1, 0)
    weights = np.full((6, 3, 3, 4), weight, np.int8)
    window = Window(padding=(1, 1))
    return Conv2D(source, output, weights, np.full(6, bias, np.int32), np.array([1e-9]), window)


def test_accumulators_near_the_limits(run_c: Run) -> None:
    image = np.full((1, 3, 3, 4), -128, np.int8)
    bias = 2**31 - 1 - 3 * 255 * 128 * 36
    cases = [
        (_extreme(sign * bias, weight, zero), [image])
        for sign in (1, -1)
        for weight in (127, -128)
        for zero in (127, -128)
    ]
    for (operator, arrays), result in zip(cases, run_c(cases), strict=True):
        assert np.array_equal(result, operator.compute(*arrays))


def test_sums_that_need_more_than_32_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 32 bits"):
        _extreme(2**31 - 1, 127, 127)
