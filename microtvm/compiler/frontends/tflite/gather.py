# SPDX-License-Identifier: Apache-2.0
"""Operators that choose elements by index.

An index that points outside is an error of LiteRT at run time. A board has nobody to tell: here it
is held inside the tensor, so that no memory but the tensor's is read. A constant one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError
from .context import OperatorContext
from .quantization import stored
from .registry import converter
from .tensor import Tensor, axis_of


def _inside(context: OperatorContext, indices: Tensor, extents: Sequence[int]) -> Any:
    """Indices along axes of these extents (one for all, or one for each on the last axis)."""
    relax: Any = load("tvm.relax", "compile models")
    last = np.array(extents, np.int64) - 1
    if indices.data is not None:
        if (indices.data < 0).any() or (indices.data > last).any():
            raise CompileError(f"an index points outside its axis of {list(extents)} elements")
        return relax.const(indices.data.astype(np.int64), "int64")
    wide = context.emit(relax.op.astype(context.value(indices), "int64"))
    positive = context.emit(relax.op.maximum(wide, relax.const(0, "int64")))
    return context.emit(relax.op.minimum(positive, relax.const(last, "int64")))


@converter("GATHER")
def gather(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, indices = context.input(0), context.input(1)
    if not source.same_quantization(context.outputs[0]):
        return None
    axis = axis_of(context.options.Axis(), len(source.shape))
    batches = context.options.BatchDims() % (len(indices.shape) + 1)
    value, places = context.value(source), _inside(context, indices, [source.shape[axis]])
    if batches == 0:
        return relax.op.take(value, places, axis=axis, mode="clip")
    if axis != batches:
        raise CompileError(f"its axis {axis} is not the first one after its {batches} batch axes")
    places = context.emit(relax.op.expand_dims(places, -1))
    return relax.op.gather_nd(value, places, batch_dims=batches)


@converter("GATHER_ND")
def gather_nd(context: OperatorContext) -> Any:
    """An index is the last axis of the indices, as `relax.op.gather_nd` has it."""
    relax: Any = load("tvm.relax", "compile models")
    source, indices = context.input(0), context.input(1)
    if not source.same_quantization(context.outputs[0]):
        return None
    places = _inside(context, indices, source.shape[: indices.shape[-1]])
    return relax.op.gather_nd(context.value(source), places)


@converter("EMBEDDING_LOOKUP")
def embedding_lookup(context: OperatorContext) -> Any:
    """Rows of a table; a quantized table stays so in flash, and the rows are made float."""
    relax: Any = load("tvm.relax", "compile models")
    rows = context.input(1)
    places = _inside(context, context.input(0), [rows.shape[0]])
    found = relax.op.take(context.value(rows), places, axis=0, mode="clip")
    if not rows.quantized or rows.same_quantization(context.outputs[0]):
        return found
    if rows.zero_points.any() or (rows.scales.size > 1 and rows.axis != 0):
        raise CompileError("its table has zero points, or scales that are not one for each row")
    scales: Any = relax.const(rows.scale, "float32") if rows.scales.size == 1 else None
    if scales is None:
        along = rows.scales.reshape([-1] + [1] * (len(rows.shape) - 1))
        scales = relax.op.take(relax.const(along, "float32"), places, axis=0, mode="clip")
        scales = context.emit(scales)
    number = context.emit(relax.op.astype(context.emit(found), "float32"))
    return stored(context, relax.op.multiply(number, scales))
