# SPDX-License-Identifier: Apache-2.0
"""Means, sums and norms of quantized tensors, in integers."""

from __future__ import annotations

from typing import Any

from ...operators.l2_normalization import L2Normalization
from ...operators.mean import Mean, Sum
from .context import OperatorContext
from .quantized import in_integers, quantized, require_result
from .registry import converter
from .tensor import axis_of


@converter("MEAN", "SUM")
def mean(context: OperatorContext) -> Any:
    """Along constant axes."""
    source, output = context.input(0), context.outputs[0]
    axes = context.constant(1)
    if axes is None or not axes.size:
        return None
    if not in_integers(source, output, dtypes=("int8", "uint8", "int16")):
        return None
    along = {axis_of(int(axis), len(source.shape)) for axis in axes.ravel()}
    kept = [1 if i in along else extent for i, extent in enumerate(source.shape)]
    if not context.options.KeepDims():
        kept = [extent for i, extent in enumerate(source.shape) if i not in along]
    require_result(context, *kept)
    chosen = tuple(map(int, axes.ravel()))
    kind = Sum if context.name == "SUM" else Mean
    try:
        operator = kind(quantized(source), quantized(output), chosen, context.operators.rounding)
    except ValueError:
        return None
    return context.operators.call(operator, context.value(source))


@converter("L2_NORMALIZATION")
def l2_normalization(context: OperatorContext) -> Any:
    """Of int8, along the last axis."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output, dtypes=("int8",)) or not source.shape:
        return None
    if context.options.FusedActivationFunction() != 0:
        return None
    require_result(context, *source.shape)
    try:
        operator = L2Normalization(quantized(source), quantized(output))
    except ValueError:
        return None
    return context.operators.call(operator, context.value(source))
