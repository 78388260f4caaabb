# SPDX-License-Identifier: Apache-2.0
"""Means of integers that stand for themselves: summed in 64 bits, divided towards zero."""

from __future__ import annotations

import math
from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("MEAN")
def mean(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, axes = context.input(0), context.constant(1)
    if source.quantized or source.dtype not in ("int32", "int64") or axes is None or not axes.size:
        return None
    along = sorted({int(axis) % len(source.shape) for axis in axes.ravel()})
    wide = context.emit(relax.op.astype(context.value(source), "int64"))
    total = context.emit(relax.op.sum(wide, along, keepdims=context.options.KeepDims()))
    count = math.prod(source.shape[axis] for axis in along)
    quotient = context.emit(relax.op.divide(total, relax.const(count, "int64")))
    return relax.op.astype(quotient, source.dtype)
