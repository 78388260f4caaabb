# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions of int8, uint8 and int16, in integers."""

from __future__ import annotations

from typing import Any

from ...operators import Operator
from ...operators.transposed_conv2d import TransposedConv2D
from ...operators.wide_transposed_conv2d import WideTransposedConv2D
from .context import OperatorContext
from .layer_weights import layer_weights
from .quantized import fused_limits, quantized
from .registry import converter

_SAME = 0  # Padding of schema.fbs


@converter("TRANSPOSE_CONV")
def transposed_conv2d(context: OperatorContext) -> Any:
    """A transposed convolution; its operands are output shape, weights, input and bias."""
    source, output = context.input(2), context.outputs[0]
    layer = layer_weights(context, axis=0, source=2, weights=1, bias=3)
    if layer is None:
        return None
    options = context.options
    limits = fused_limits(options.FusedActivationFunction(), quantized(output))
    # The shape may be computed at run time, and then the file's word on the output is not enough.
    shape = context.constant(0)
    if limits is None or shape is None or layer.values.shape[3] != source.shape[3]:
        return None
    if tuple(int(extent) for extent in shape) != output.shape:
        return None
    strides = options.StrideH(), options.StrideW()
    before = [0, 0]
    if options.Padding() == _SAME:
        for axis in (0, 1):
            extent, size = output.shape[1 + axis], layer.values.shape[1 + axis]
            covered = (-(-extent // strides[axis]) - 1) * strides[axis] + size
            before[axis] = max(covered - extent, 0) // 2
    ends, window = (quantized(source), quantized(output)), (strides, (before[0], before[1]))
    operator: Operator
    if source.dtype == "int8":
        rounding = context.operators.rounding
        operator = TransposedConv2D(
            *ends, layer.values, layer.bias, layer.scales, *window, limits, rounding
        )
    else:
        operator = WideTransposedConv2D(
            *ends,
            layer.values,
            layer.zero,
            layer.bias,
            layer.scales,
            *window,
            limits,
            layer.form(context),
        )
    return context.operators.call(operator, context.value(source))
