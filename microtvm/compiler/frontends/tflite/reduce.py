# SPDX-License-Identifier: Apache-2.0
"""Along an axis: means of integers that stand for themselves, and running sums."""

from __future__ import annotations

import math
from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .registry import converter
from .tensor import axis_of


@converter("MEAN")
def mean(context: OperatorContext) -> Any:
    """Summed in 64 bits, divided towards zero."""
    relax: Any = load("tvm.relax", "compile models")
    source, axes = context.input(0), context.constant(1)
    if source.quantized or source.dtype not in ("int32", "int64") or axes is None or not axes.size:
        return None
    along = sorted({axis_of(int(axis), len(source.shape)) for axis in axes.ravel()})
    wide = context.emit(relax.op.astype(context.value(source), "int64"))
    total = context.emit(relax.op.sum(wide, along, keepdims=context.options.KeepDims()))
    count = math.prod(source.shape[axis] for axis in along)
    quotient = context.emit(relax.op.divide(total, relax.const(count, "int64")))
    return relax.op.astype(quotient, source.dtype)


@converter("CUMSUM")
def running_sum(context: OperatorContext) -> Any:
    """From the front or, reversed, from the back; with each element or, exclusive, without it."""
    relax: Any = load("tvm.relax", "compile models")
    source, options = context.input(0), context.options
    if source.quantized:
        return None
    axis = axis_of(int(context.constant(1).reshape(-1)[0]), len(source.shape))
    value = context.value(source)
    if options.Reverse():
        value = context.emit(relax.op.flip(value, axis))
    value = context.emit(relax.op.cumsum(value, axis, exclusive=options.Exclusive()))
    return relax.op.flip(value, axis) if options.Reverse() else value
