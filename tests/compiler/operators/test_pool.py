# SPDX-License-Identifier: Apache-2.0
"""Pools, means and softmax, read from a file, as LiteRT has them."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.pool import Pool2D
from microtvm.compiler.operators.requantize import Rounding

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator


def _check(
    run_c: Run,
    folder: pathlib.Path,
    models: list[bytes],
    inputs: list[np.ndarray],
    rounding: Rounding = "single",
) -> None:
    cases = []
    for model, array in zip(models, inputs, strict=True):
        (folder / "model.tflite").write_bytes(model)
        (operator,) = read_file(folder / "model.tflite", {}, rounding).operators.values()
        cases.append((operator, [array]))
    for (operator, arrays), result in zip(cases, run_c(cases), strict=True):
        assert np.array_equal(operator.compute(*arrays), result), vars(operator)
    for model, array, (operator, _) in zip(models, inputs, cases, strict=True):
        expected = answer(model, [array], reference=rounding == "double")
        assert np.array_equal(operator.compute(array), expected), vars(operator)


@st.composite
def _pools(draw: st.DrawFn) -> tuple[bytes, np.ndarray]:
    dtype = draw(st.sampled_from(["int8", "uint8"]))
    low = int(np.iinfo(dtype).min)
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = [draw(st.integers(k, 9)) for k in window]
    same = draw(st.booleans())
    out = [
        -(-n // s) if same else (n - k) // s + 1
        for n, k, s in zip(size, window, strides, strict=True)
    ]
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(1, 5))
    zero = low + draw(st.sampled_from([0, 255]) | st.integers(0, 255))
    source = QuantizedTensor((batch, *size, channels), dtype, 0.0625, zero)
    model = one_operator(
        draw(st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
        [source],
        QuantizedTensor((batch, *out, channels), dtype, 0.0625, zero),
        "Pool2DOptions",
        padding=0 if same else 1,
        strideH=strides[0],
        strideW=strides[1],
        filterHeight=window[0],
        filterWidth=window[1],
        fusedActivationFunction=draw(st.sampled_from([0, 1, 3])),
    )
    random = np.random.default_rng(draw(st.integers(0, 9)))
    return model, random.integers(low, low + 256, source.shape).astype(dtype)


@settings(max_examples=3, derandomize=True, deadline=None)
@given(pools=st.lists(_pools(), min_size=25, max_size=25))
def test_pools(
    require_module: Callable[..., object],
    run_c: Run,
    tmp_path_factory: pytest.TempPathFactory,
    pools: list[tuple[bytes, np.ndarray]],
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    _check(run_c, tmp_path_factory.mktemp("pools"), *map(list, zip(*pools, strict=True)))


def test_softmax(require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    models, inputs = [], []
    random = np.random.default_rng(0)
    for dtype in ("int8", "uint8"):
        low = int(np.iinfo(dtype).min)
        for length, scale, beta in ((2, 0.5, 1), (10, 0.1, 1), (300, 0.01, 2), (512, 0.1, 1)):
            source = QuantizedTensor((40, length), dtype, scale, 0)
            output = QuantizedTensor((40, length), dtype, 1 / 256, low)
            models.append(one_operator("SOFTMAX", [source], output, "SoftmaxOptions", beta=beta))
            values = random.integers(low, low + 256, source.shape).astype(dtype)
            values[0] = values[0, 0]  # 512 equal elements have shares of half a step: ties
            inputs.append(values)
    _check(run_c, tmp_path, models, inputs)


def test_softmax_of_int16(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    random = np.random.default_rng(0)
    models, inputs = [], []
    for length, scale, beta in ((1, 1, 1), (2, 1e-5, 1), (10, 0.001, 1), (700, 0.0002, 1.5)):
        source = QuantizedTensor((40, length), "int16", scale)
        output = QuantizedTensor((40, length), "int16", 2.0**-15)
        models.append(one_operator("SOFTMAX", [source], output, "SoftmaxOptions", 3, beta=beta))
        inputs.append(random.integers(-32768, 32768, source.shape).astype(np.int16))
        inputs[-1][0] = 32767  # 700 times the same: shares of a few steps
    _check(run_c, tmp_path, models, inputs)


def test_l2_normalization(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    random = np.random.default_rng(0)
    models, inputs = [], []
    for length in (1, 2, 5, 300, 9000):
        for zero in (-128, 0, 127):
            source = QuantizedTensor((40, length), "int8", 0.05, zero)
            output = QuantizedTensor((40, length), "int8", 1 / 128)
            models.append(one_operator("L2_NORMALIZATION", [source], output, "L2NormOptions"))
            values = random.integers(-128, 128, source.shape)
            values[:4] = zero  # squares that add up to 0, 1 and 4, and the largest ones
            values[1, 0] += -1 if zero > 0 else 1
            values[2, 0] += -2 if zero > 0 else 2
            values[3] = -128 if zero >= 0 else 127
            inputs.append(values.astype(np.int8))
    _check(run_c, tmp_path, models, inputs)


@pytest.mark.parametrize("rounding", ["single", "double"])
def test_mean(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path, rounding: Rounding
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    models, inputs = [], []
    random = np.random.default_rng(0)
    for dtype in ("int8", "uint8", "int16"):
        low, high = (int(limit) for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max))
        for shape, axes, keep in (
            ((2, 5, 7, 30), (1, 2), True),
            ((2, 5, 7, 30), (1, 2), False),
            ((1, 3, 4, 50), (-1,), True),
            ((2, 5, 7, 3), (0, 1, 2, 3), False),
            ((2, 6, 7, 30), (2,), False),
            ((50, 4, 2, 4), (1,), False),
        ):
            # The last one has halves, to an odd zero point.
            for ends, scale in (((3, 3), 0.0625), ((0, 255), 0.01), ((255, 0), 0.3), ((4, 7), 0.5)):
                zeros = (32768, 32768) if dtype == "int16" else ends
                source = QuantizedTensor(shape, dtype, 0.0625, low + zeros[0])
                reduced = [axis % 4 for axis in axes]
                kept = [
                    1 if axis in reduced else extent
                    for axis, extent in enumerate(shape)
                    if keep or axis not in reduced
                ]
                output = QuantizedTensor(tuple(kept), dtype, scale, low + zeros[1])
                operands = [source, np.array(axes, np.int32)]
                models.append(
                    one_operator("MEAN", operands, output, "ReducerOptions", keepDims=keep)
                )
                inputs.append(random.integers(low, high + 1, shape).astype(dtype))
    _check(run_c, tmp_path, models, inputs, rounding)


def test_a_pool_that_changes_the_scale_is_refused() -> None:
    a, b = (QuantizedTensor((1, 4, 4, 1), "int8", scale) for scale in (0.1, 0.2))
    with pytest.raises(ValueError, match="quantized alike"):
        Pool2D(a, b, average=True, window=(1, 1), strides=(1, 1))
