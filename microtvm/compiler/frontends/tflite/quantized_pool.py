# SPDX-License-Identifier: Apache-2.0
"""Pools of quantized tensors, in integers."""

from __future__ import annotations

from typing import Any

from ...operators.pool import Pool2D
from .context import OperatorContext
from .quantized import extents, fused_limits, in_integers, quantized, require_result
from .registry import converter

_SAME = 0  # Padding of schema.fbs


@converter("AVERAGE_POOL_2D", "MAX_POOL_2D")
def pool(context: OperatorContext) -> Any:
    """Average and maximum over windows."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output) or not source.same_quantization(output):
        return None
    options = context.options
    window = options.FilterHeight(), options.FilterWidth()
    strides = options.StrideH(), options.StrideW()
    result = quantized(output)
    limits = fused_limits(options.FusedActivationFunction(), result)
    if limits is None:
        return None
    same = options.Padding() == _SAME
    rows_and_columns = extents(source.shape[1:3], window, strides, (1, 1), same)
    require_result(context, source.shape[0], *rows_and_columns, source.shape[3])
    before = [0, 0]
    if same:
        for axis in (0, 1):
            covered = (output.shape[1 + axis] - 1) * strides[axis] + window[axis]
            before[axis] = max(covered - source.shape[1 + axis], 0) // 2
    operator = Pool2D(
        quantized(source),
        result,
        average=context.name == "AVERAGE_POOL_2D",
        window=window,
        strides=strides,
        padding=(before[0], before[1]),
        limits=limits,
    )
    return context.operators.call(operator, context.value(source))
