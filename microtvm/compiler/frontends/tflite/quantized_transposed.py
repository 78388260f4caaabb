# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions of int8, in integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...operators.transposed_conv2d import TransposedConv2D
from .context import OperatorContext
from .quantized import fused_limits, in_integers, quantized
from .registry import converter

_SAME = 0  # Padding of schema.fbs


@converter("TRANSPOSE_CONV")
def transposed_conv2d(context: OperatorContext) -> Any:
    """A transposed convolution; its operands are output shape, weights, input and bias."""
    weights, source, output = context.input(1), context.input(2), context.outputs[0]
    if not in_integers(source, output, dtypes=("int8",)):
        return None
    if weights.data is None or weights.dtype != "int8" or not weights.quantized:
        return None
    if weights.zero_points.any() or (weights.scales.size > 1 and weights.axis != 0):
        return None
    bias = None
    if context.has_input(3):
        bias = context.constant(3)
        if bias is None or bias.dtype != np.int32:
            return None
    options = context.options
    limits = fused_limits(options.FusedActivationFunction(), quantized(output))
    # The shape may be computed at run time, and then the file's word on the output is not enough.
    shape = context.constant(0)
    if limits is None or shape is None or weights.data.shape[3] != source.shape[3]:
        return None
    if tuple(int(extent) for extent in shape) != output.shape:
        return None
    strides = options.StrideH(), options.StrideW()
    before = [0, 0]
    if options.Padding() == _SAME:
        for axis in (0, 1):
            extent = output.shape[1 + axis]
            covered = (-(-extent // strides[axis]) - 1) * strides[axis] + weights.shape[1 + axis]
            before[axis] = max(covered - extent, 0) // 2
    operator = TransposedConv2D(
        quantized(source),
        quantized(output),
        weights.data,
        bias,
        weights.scales,
        strides,
        (before[0], before[1]),
        limits,
        context.operators.rounding,
    )
    return context.operators.call(operator, context.value(source))
