# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers of int8, uint8 and int16, in integers."""

from __future__ import annotations

import math
from typing import Any

from ...errors import CompileError
from ...operators import Operator
from ...operators.conv2d import Conv2D, Window
from ...operators.dense import Dense
from ...operators.depthwise import Depthwise
from ...operators.wide_conv2d import WideConv2D, WideDense
from ...operators.wide_depthwise import WideDepthwise
from .context import OperatorContext
from .layer_weights import layer_weights
from .quantized import extents, fused_limits, quantized, require_result
from .registry import converter
from .tensor import Tensor

_SAME = 0  # Padding of schema.fbs


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
    """A convolution with bias and fused activation, in groups where the weights are shallower."""
    source, output = context.input(0), context.outputs[0]
    layer = layer_weights(context, axis=0)
    limits = _limits(context, output) if layer else None
    if layer is None or limits is None or source.shape[3] % layer.values.shape[3]:
        return None
    weights = layer.values
    grouped = source.shape[3] != weights.shape[3]
    window = _window(context, (weights.shape[1], weights.shape[2]), weights.shape[0])
    ends = quantized(source), quantized(output)
    operator: Operator
    if source.dtype == "int8" and not grouped:
        rounding = context.operators.rounding
        operator = Conv2D(*ends, weights, layer.bias, layer.scales, window, limits, rounding)
    else:
        form = layer.form(context, grouped=grouped)
        operator = WideConv2D(
            *ends, weights, layer.zero, layer.bias, layer.scales, window, limits, form
        )
    return context.operators.call(operator, context.value(source))


@converter("DEPTHWISE_CONV_2D")
def depthwise(context: OperatorContext) -> Any:
    """A convolution of each channel by itself."""
    source, output = context.input(0), context.outputs[0]
    layer = layer_weights(context, axis=3)
    limits = _limits(context, output) if layer else None
    if layer is None or limits is None or layer.values.shape[3] % source.shape[3]:
        return None
    _, height, width, channels = layer.values.shape
    window, weights = _window(context, (height, width), channels), layer.values[0]
    ends = quantized(source), quantized(output)
    operator: Operator
    if source.dtype == "int8":
        rounding = context.operators.rounding
        operator = Depthwise(*ends, weights, layer.bias, layer.scales, window, limits, rounding)
    else:
        form = layer.form(context)
        operator = WideDepthwise(
            *ends, weights, layer.zero, layer.bias, layer.scales, window, limits, form
        )
    return context.operators.call(operator, context.value(source))


@converter("FULLY_CONNECTED")
def dense(context: OperatorContext) -> Any:
    """A dense layer; LiteRT rounds once here in its reference kernels too."""
    source, output = context.input(0), context.outputs[0]
    layer = layer_weights(context, axis=0)
    limits = _limits(context, output) if layer else None
    if layer is None or limits is None or context.options.WeightsFormat() != 0:
        return None
    units, depth = layer.values.shape
    rows, rest = divmod(math.prod(source.shape), depth)
    if rest or output.shape[-1:] != (units,) or math.prod(output.shape) != rows * units:
        raise CompileError(
            f"weights of {layer.values.shape} make no {output.shape} of an input of {source.shape}"
        )
    ends = quantized(source), quantized(output)
    operator: Operator
    if source.dtype == "int8":
        operator = Dense(*ends, layer.values, layer.bias, layer.scales, limits)
    else:
        form = layer.form(context)
        operator = WideDense(
            *ends, layer.values, layer.zero, layer.bias, layer.scales, limits, form
        )
    return context.operators.call(operator, context.value(source))
