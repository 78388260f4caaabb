# SPDX-License-Identifier: Apache-2.0
"""Layers of uint8 and int16, and convolutions in groups: C equals the oracle, the oracle LiteRT.

What XNNPACK computes (all of int8, and of uint8 all but depthwise convolutions) it scales by
float32: one output in a great many is off by one. All else is LiteRT's own, and the same.
"""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from microtvm.compiler import compile
from microtvm.compiler.emit.kernel_headers import FOLDER
from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import Operator, QuantizedTensor
from microtvm.compiler.operators.conv2d import Window
from microtvm.compiler.operators.requantize import Form, Rounding
from microtvm.compiler.operators.wide_conv2d import WideConv2D, WideDense
from microtvm.compiler.operators.wide_depthwise import WideDepthwise
from microtvm.compiler.operators.wide_transposed_conv2d import WideTransposedConv2D

from .conftest import Run
from .litert import answer
from .random_windows import windows
from .tflite_file import Weights, one_operator

Layer = tuple[bytes, np.ndarray]

_BIAS_TYPES = {"int32": 2, "int64": 4}  # TensorType of schema.fbs


def _tensor(draw: st.DrawFn, dtype: str, shape: tuple[int, ...], scale: float) -> QuantizedTensor:
    if dtype == "int16":
        return QuantizedTensor(shape, dtype, scale / 256, 0)
    info = np.iinfo(dtype)
    ends = st.sampled_from([int(info.min), int(info.max)])
    return QuantizedTensor(shape, dtype, scale, draw(ends | st.integers(info.min, info.max)))


def _constants(
    draw: st.DrawFn,
    random: np.random.Generator,
    source: QuantizedTensor,
    shape: tuple[int, ...],
    axis: int,
    bias: bool,
) -> tuple[list[Weights], str]:
    """Weights and a bias whose sums reach the output's range, and the bias's type."""
    # Factors around 1 make shifts of both signs, and of 0, where two roundings are not one.
    factor = draw(st.sampled_from([0.002, 0.005, 2.0]))
    scales = (factor * random.uniform(0.3, 1.5, shape[axis])).astype(np.float32)
    bias_type = draw(st.sampled_from(["int32", "int64"])) if source.dtype == "int16" else "int32"
    if source.dtype == "uint8":
        scales = scales[:1]
        zero = draw(st.sampled_from([0, 128, 255]) | st.integers(0, 255))
        weights = Weights(random.integers(0, 256, shape).astype(np.uint8), scales, axis, zero)
    else:
        weights = Weights(random.integers(-127, 128, shape).astype(np.int8), scales, axis)
    if not bias:
        return [weights], ""
    limit = 30000 if source.dtype != "int16" else 3_000_000
    values = random.integers(-limit, limit, shape[axis]).astype(bias_type)
    return [weights, Weights(values, scales * np.float32(source.scale), 0)], bias_type


def _image(random: np.random.Generator, source: QuantizedTensor) -> np.ndarray:
    low, high = source.limits
    return random.integers(low, high + 1, source.shape).astype(source.dtype)


@st.composite
def _convolutions(draw: st.DrawFn) -> Layer:
    dtype = draw(st.sampled_from(["uint8", "int16", "int8"]))
    depthwise = dtype != "int8" and draw(st.booleans())
    random = np.random.default_rng(draw(st.integers(0, 999)))
    kernel, strides, dilation, size, same, out = draw(windows())
    batch, depth = draw(st.integers(1, 2)), draw(st.sampled_from([1, 3, 4]))
    groups = draw(st.sampled_from([2, 3] if dtype == "int8" else [1, 1, 2]))
    channels = depth * groups
    results = channels * draw(st.integers(1, 2)) if depthwise else groups * draw(st.integers(1, 6))
    source = _tensor(draw, dtype, (batch, *size, channels), 0.0625)
    output = _tensor(draw, dtype, (batch, *out, results), 0.129)
    shape = (1, *kernel, results) if depthwise else (results, *kernel, depth)
    constants, bias = _constants(draw, random, source, shape, 3 if depthwise else 0, True)
    if depthwise and bias == "int32" and dtype == "int16":  # LiteRT has none
        constants[1] = Weights(constants[1].values.astype(np.int64), constants[1].scales, 0)
    more: dict[str, Any] = {"depthMultiplier": results // channels} if depthwise else {}
    if not depthwise:
        more["quantizedBiasType"] = _BIAS_TYPES[bias]
    model = one_operator(
        "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
        [source, *constants],
        output,
        "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
        5 if depthwise else 8,
        padding=0 if same else 1,
        strideH=strides[0],
        strideW=strides[1],
        dilationHFactor=dilation[0],
        dilationWFactor=dilation[1],
        fusedActivationFunction=draw(st.sampled_from([0, 1, 3])),
        **more,
    )
    return model, _image(random, source)


@st.composite
def _dense_layers(draw: st.DrawFn) -> Layer:
    dtype = draw(st.sampled_from(["uint8", "int16"]))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    rows, depth, units = (draw(st.integers(1, n)) for n in (3, 70, 11))
    source = _tensor(draw, dtype, (rows, depth), 0.0625)
    output = _tensor(draw, dtype, (rows, units), 0.129)
    constants, bias = _constants(draw, random, source, (units, depth), 0, draw(st.booleans()))
    model = one_operator(
        "FULLY_CONNECTED",
        [source, *constants],
        output,
        "FullyConnectedOptions",
        12,
        fusedActivationFunction=draw(st.sampled_from([0, 1, 3])),
        quantizedBiasType=_BIAS_TYPES.get(bias, 0),
    )
    return model, _image(random, source)


@st.composite
def _transposed(draw: st.DrawFn) -> Layer:
    dtype = draw(st.sampled_from(["uint8", "int16"]))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    same = draw(st.booleans())
    out = [
        n * s if same else (n - 1) * s + max(k, s)
        for n, k, s in zip(size, kernel, strides, strict=True)
    ]
    channels, results = draw(st.sampled_from([1, 3, 4])), draw(st.integers(1, 6))
    source = _tensor(draw, dtype, (draw(st.integers(1, 2)), *size, channels), 0.0625)
    output = _tensor(draw, dtype, (source.shape[0], *out, results), 0.129)
    shape = (results, *kernel, channels)
    (weights, *rest), bias = _constants(draw, random, source, shape, 0, draw(st.booleans()))
    model = one_operator(
        "TRANSPOSE_CONV",
        [np.array(output.shape, np.int32), weights, source, *rest],
        output,
        "TransposeConvOptions",
        5,
        padding=0 if same else 1,
        strideH=strides[0],
        strideW=strides[1],
        quantizedBiasType=_BIAS_TYPES.get(bias, 0),
    )
    return model, _image(random, source)


def _is_loose(operator: Operator) -> bool:
    """Whether LiteRT's default answers are not one arithmetic's: XNNPACK's scaling by float32, and
    transposed convolutions of int16, whose channels beyond a multiple of 4 round otherwise."""
    if operator.output.dtype == "int16":
        return isinstance(operator, WideTransposedConv2D)
    return not isinstance(operator, WideDepthwise)


_LAYERS = _convolutions() | _dense_layers() | _transposed()


@pytest.mark.parametrize("rounding", ["single", "double"])
@settings(max_examples=2, derandomize=True, deadline=None, phases=[Phase.generate])
@given(layers=st.lists(_LAYERS, min_size=25, max_size=25))
def test_layers(
    require_module: Callable[..., object],
    run_c: Run,
    tmp_path_factory: pytest.TempPathFactory,
    rounding: Rounding,
    layers: list[Layer],
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    file = tmp_path_factory.mktemp("layers") / "model.tflite"
    cases: list[tuple[Operator, list[np.ndarray]]] = []
    for model, array in layers:
        file.write_bytes(model)
        (operator,) = read_file(file, {}, rounding).operators.values()
        assert isinstance(operator, (WideConv2D, WideDepthwise, WideTransposedConv2D))
        cases.append((operator, [array]))
    differing = elements = 0
    for (operator, arrays), result, (model, array) in zip(cases, run_c(cases), layers, strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        off = np.abs(result.astype(int) - answer(model, [array], reference=rounding == "double"))
        loose = rounding == "single" and _is_loose(operator)
        assert off.max() <= int(loose), vars(operator)
        differing += int((off != 0).sum())
        elements += off.size
    assert differing <= elements / 1000


def _extreme(weight: int, bias: int, form: Form, scale: float) -> WideConv2D:
    """A layer of int16 whose sums leave 32 bits."""
    source = QuantizedTensor((1, 3, 3, 100), "int16", 0.1)
    output = QuantizedTensor((1, 3, 3, 5), "int16", 0.1)
    weights, biases = np.full((5, 3, 3, 100), weight, np.int8), np.full(5, bias)
    scales, window = np.full(1, scale), Window(padding=(1, 1))
    return WideConv2D(source, output, weights, 0, biases, scales, window, form=form)


def test_sums_of_more_than_32_bits(run_c: Run) -> None:
    random = np.random.default_rng(1)
    images = [
        random.integers(low, 32768, (1, 3, 3, 100)).astype(np.int16) for low in (-32768, 32000)
    ]
    cases = [
        (_extreme(weight, bias, form, scale), [image])
        for image in images
        for weight in (127, -128)
        for form, bias, scale in (("short", 2**45, 1e-9), ("short", -(2**40), 1e-5))
        + (("single", 2**31 - 1, 1e-4), ("upwards", -(2**31), 1e-4), ("double", 5, 1e-4))
    ]
    for (operator, arrays), result in zip(cases, run_c(cases), strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)


def test_sums_that_scaling_does_not_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 47 bits"):
        _extreme(127, 2**47, "short", 1e-9)
    with pytest.raises(ValueError, match="more than 32 bits"):
        _extreme(127, 0, "single", 1e-9)


def test_weights_stay_in_flash_on_avr(require: Callable[..., str], tmp_path: pathlib.Path) -> None:
    """avr-gcc warns of a pointer to flash that is given as one to RAM."""
    compiler = require("avr-gcc", "compile for AVR")
    lines = ["#include <stdint.h>", "#include <string.h>", "#include <stddef.h>"]
    lines += ['#include "microtvm_wide_transposed_conv2d.h"', '#include "microtvm_depthwise.h"']
    image, vector = (1, 5, 5, 4), (2, 12)
    calls = []
    for dtype in ("uint8", "int16", "int8"):
        x, y = (QuantizedTensor(image, dtype, scale) for scale in (0.1, 0.2))
        a, b = QuantizedTensor(vector, dtype, 0.1), QuantizedTensor(vector, dtype, 0.2)
        kernel = np.arange(72).reshape(4, 3, 3, 2).astype(np.uint8 if dtype == "uint8" else np.int8)
        bias, scales, window = np.arange(4), np.full(1, 0.1), Window(padding=(1, 1))
        rows = np.arange(144).reshape(12, 12).astype(kernel.dtype)
        taps, wider = rows[:9, :4], rows.reshape(4, 3, 3, 4)
        operators = [
            WideConv2D(x, y, kernel, 130 if dtype == "uint8" else 0, bias, scales, window),
            WideDense(a, b, rows, 0, None, scales),
            WideDepthwise(x, y, taps.reshape(3, 3, 4), 0, bias, scales, window),
            WideTransposedConv2D(x, y, wider, 0, bias, scales, (2, 1), (1, 1)),
        ]
        calls += [operator.emit(f"{operator.name}_{dtype}") for operator in operators]
    (tmp_path / "kernels.c").write_text("\n".join([*lines, *calls]))
    subprocess.run(
        [compiler, "-mmcu=atmega2560", "-std=gnu11", "-O2", "-Wall", "-Werror"]
        + [
            "-Wno-unused-function",
            "-Waddr-space-convert",
            "-DMICROTVM_FLASH=const __flash",
            f"-I{FOLDER}",
            "-S",
        ]
        + [str(tmp_path / "kernels.c"), "-o", str(tmp_path / "kernels.s")],
        check=True,
    )


def test_a_bias_that_litert_reads_as_64_bits_is_not_compared(
    require_module: Callable[..., object], tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    source, output = (QuantizedTensor((1, 2, 2, n), "int16", 0.01) for n in (3, 4))
    weights = Weights(np.ones((4, 1, 1, 3), np.int8), np.full(1, 0.5, np.float32), 0)
    bias = Weights(np.arange(4).astype(np.int32), np.full(1, 0.005, np.float32), 0)
    verifications = []
    for kind in (0, _BIAS_TYPES["int32"]):
        model = one_operator(
            "CONV_2D",
            [source, weights, bias],
            output,
            "Conv2DOptions",
            8,
            strideH=1,
            strideW=1,
            quantizedBiasType=kind,
        )
        (tmp_path / "model.tflite").write_bytes(model)
        verifications.append(compile(tmp_path / "model.tflite", check=True).verification)
    unsaid, said = verifications
    assert unsaid is not None and said is not None
    assert "LiteRT reads the int32 bias 't2' of CONV_2D as int64" in unsaid.note
    assert not unsaid.outputs and [check.difference for check in said.outputs] == [0]
