# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers of int8, in integers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import CompileError
from ...operators.conv2d import Conv2D, Window
from ...operators.dense import Dense
from ...operators.depthwise import Depthwise
from .context import OperatorContext
from .quantized import extents, fused_limits, in_integers, quantized, require_result
from .registry import converter
from .tensor import Tensor

_SAME = 0  # Padding of schema.fbs


def _weights(context: OperatorContext, axis: int) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Weights and bias where both are constants of the types that LiteRT has for int8."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output, dtypes=("int8",)):
        return None
    weights = context.input(1)
    if weights.data is None or weights.dtype != "int8" or not weights.quantized:
        return None
    if weights.zero_points.any() or (weights.scales.size > 1 and weights.axis != axis):
        return None
    if not context.has_input(2):
        return weights.data, None
    bias = context.constant(2)
    if bias is not None and bias.size != weights.shape[axis]:
        raise CompileError(f"it has {bias.size} biases for {weights.shape[axis]} channels")
    return None if bias is None or bias.dtype != np.int32 else (weights.data, bias)


def _window(context: OperatorContext, kernel: tuple[int, int], channels: int) -> Window:
    options = context.options
    source, output = context.input(0), context.outputs[0]
    strides = options.StrideH(), options.StrideW()
    dilation = options.DilationHFactor(), options.DilationWFactor()
    same = options.Padding() == _SAME
    rows_and_columns = extents(source.shape[1:3], kernel, strides, dilation, same)
    require_result(context, source.shape[0], *rows_and_columns, channels)
    before = [0, 0]
    if same:
        for axis in (0, 1):
            reach = (kernel[axis] - 1) * dilation[axis] + 1
            covered = (output.shape[1 + axis] - 1) * strides[axis] + reach
            before[axis] = max(covered - source.shape[1 + axis], 0) // 2
    return Window(strides, dilation, (before[0], before[1]))


def _limits(context: OperatorContext, output: Tensor) -> tuple[int, int] | None:
    return fused_limits(context.options.FusedActivationFunction(), quantized(output))


@converter("CONV_2D")
def conv2d(context: OperatorContext) -> Any:
    """A convolution with bias and fused activation."""
    found = _weights(context, axis=0)
    source, output = context.input(0), context.outputs[0]
    limits = _limits(context, output) if found else None
    if found is None or limits is None or found[0].shape[3] != source.shape[3]:
        return None
    weights, bias = found
    operator = Conv2D(
        quantized(source),
        quantized(output),
        weights,
        bias,
        context.input(1).scales,
        _window(context, (weights.shape[1], weights.shape[2]), weights.shape[0]),
        limits,
        context.operators.rounding,
    )
    return context.operators.call(operator, context.value(source))


@converter("DEPTHWISE_CONV_2D")
def depthwise(context: OperatorContext) -> Any:
    """A convolution of each channel by itself."""
    found = _weights(context, axis=3)
    source, output = context.input(0), context.outputs[0]
    limits = _limits(context, output) if found else None
    if found is None or limits is None or found[0].shape[3] % source.shape[3]:
        return None
    weights, bias = found
    operator = Depthwise(
        quantized(source),
        quantized(output),
        weights[0],
        bias,
        context.input(1).scales,
        _window(context, (weights.shape[1], weights.shape[2]), weights.shape[3]),
        limits,
        context.operators.rounding,
    )
    return context.operators.call(operator, context.value(source))


@converter("FULLY_CONNECTED")
def dense(context: OperatorContext) -> Any:
    """A dense layer; LiteRT rounds once here in its reference kernels too."""
    found = _weights(context, axis=0)
    source, output = context.input(0), context.outputs[0]
    limits = _limits(context, output) if found else None
    if found is None or limits is None or context.options.WeightsFormat() != 0:
        return None
    weights, bias = found
    units, depth = weights.shape
    rows, rest = divmod(math.prod(source.shape), depth)
    if rest or output.shape[-1:] != (units,) or math.prod(output.shape) != rows * units:
        raise CompileError(
            f"weights of {weights.shape} make no {output.shape} of an input of {source.shape}"
        )
    operator = Dense(
        quantized(source), quantized(output), weights, bias, context.input(1).scales, limits
    )
    return context.operators.call(operator, context.value(source))
