# SPDX-License-Identifier: Apache-2.0
"""STRIDED_SLICE, whose masks mean what NumPy's indices mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("STRIDED_SLICE")
def strided_slice(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source = context.input(0)
    if not source.same_quantization(context.outputs[0]):
        return None
    index = _index(context, len(source.shape))
    shape = np.broadcast_to(0, source.shape)[index].shape
    if not math.prod(shape):
        return None
    begin, end, strides, axes = [], [], [], []
    parts = [part for part in index if part is not np.newaxis]
    for axis, (part, extent) in enumerate(zip(parts, source.shape, strict=False)):
        whole = part if isinstance(part, slice) else slice(part, part + 1 or None)
        start, stop, step = whole.indices(extent)
        axes.append(axis)
        begin.append(start)
        # A negative end counts from the end of the axis, but for one before its first element.
        end.append(stop if stop >= 0 else -extent - 1)
        strides.append(step)
    cut = relax.op.strided_slice(
        context.value(source), axes=axes, begin=begin, end=end, strides=strides
    )
    return relax.op.reshape(context.emit(cut), shape)


def _index(context: OperatorContext, rank: int) -> tuple[Any, ...]:
    """The slice as an index of NumPy's, without an ellipsis."""
    options = context.options
    rows = [[int(n) for n in context.constant(i)] for i in (1, 2, 3)]
    index: list[Any] = []
    for i, (begin, end, stride) in enumerate(zip(*rows, strict=True)):
        bit = 1 << i
        if options.EllipsisMask() & bit:
            index.append(Ellipsis)
        elif options.NewAxisMask() & bit:
            index.append(np.newaxis)
        elif options.ShrinkAxisMask() & bit:
            index.append(begin)
        else:
            stop = begin + end if options.Offset() else end
            first = None if options.BeginMask() & bit else begin
            index.append(slice(first, None if options.EndMask() & bit else stop, stride))
    if Ellipsis in index:
        place = index.index(Ellipsis)
        used = sum(part is not np.newaxis for part in index) - 1
        index[place : place + 1] = [slice(None)] * (rank - used)
    return tuple(index)
