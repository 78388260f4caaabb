# SPDX-License-Identifier: Apache-2.0
"""Operators that move or choose elements, where TVM's importer fails or reads them otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError
from ...operators import QuantizedTensor
from ...operators.update_slice import UpdateSlice
from .context import OperatorContext
from .registry import converter


@converter("ARG_MAX", "ARG_MIN")
def position(context: OperatorContext) -> Any:
    """Relax's indices are int64; the file says which type it wants.

    Where all elements are the type's smallest (for ARG_MIN its largest) number, TVM's kernel finds
    the index -1; LiteRT's finds the first.
    """
    relax: Any = load("tvm.relax", "compile models")
    axis = context.constant(1)
    if axis is None:
        return None
    find = relax.op.argmax if context.name == "ARG_MAX" else relax.op.argmin
    found = context.emit(find(context.value(context.input(0)), axis=int(axis.reshape(-1)[0])))
    found = context.emit(relax.op.maximum(found, relax.const(0, "int64")))
    target = context.outputs[0]
    return found if target.dtype == "int64" else relax.op.astype(found, target.dtype)


@converter("EXPAND_DIMS")
def expand_dims(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, axis = context.input(0), context.constant(1)
    if axis is None or not source.same_quantization(context.outputs[0]):
        return None
    return relax.op.expand_dims(context.value(source), int(axis.reshape(-1)[0]))


@converter("FILL")
def fill(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    shape, value = context.constant(0), context.input(1)
    if shape is None or not value.same_quantization(context.outputs[0]):
        return None
    one = context.emit(relax.op.reshape(context.value(value), ()))
    return relax.op.broadcast_to(one, [int(extent) for extent in shape])


@converter("DYNAMIC_UPDATE_SLICE")
def update_slice(context: OperatorContext) -> Any:
    operand, update, start = (context.input(i) for i in range(3))
    if not (operand.same_quantization(update) and operand.same_quantization(context.outputs[0])):
        raise CompileError("its tensors are quantized differently")
    kinds = [QuantizedTensor(t.shape, t.dtype) for t in (operand, update, start)]
    values = [context.value(t) for t in (operand, update, start)]
    return context.operators.call(UpdateSlice(*kinds), *values)


@converter("SQUEEZE")
def squeeze(context: OperatorContext) -> Any:
    """Axes of one element are left out: those that are named, or all."""
    relax: Any = load("tvm.relax", "compile models")
    source = context.input(0)
    if not source.same_quantization(context.outputs[0]):
        return None
    named = context.options is not None and context.options.SqueezeDimsLength() > 0
    axes = [int(axis) for axis in context.options.SqueezeDimsAsNumpy()] if named else None
    return relax.op.squeeze(context.value(source), axes)


@converter("SELECT")
def select(context: OperatorContext) -> Any:
    """A condition of one axis chooses whole rows."""
    relax: Any = load("tvm.relax", "compile models")
    condition, a, b = (context.input(i) for i in range(3))
    if not (a.same_quantization(b) and a.same_quantization(context.outputs[0])):
        return None
    value = context.value(condition)
    if len(condition.shape) == 1 < len(a.shape):
        shape = [condition.shape[0], *[1] * (len(a.shape) - 1)]
        value = context.emit(relax.op.reshape(value, shape))
    return relax.op.where(value, context.value(a), context.value(b))


@converter("SCATTER_ND")
def scatter_nd(context: OperatorContext) -> Any:
    """Rows written into zeros; where an index comes twice, LiteRT adds them up."""
    relax: Any = load("tvm.relax", "compile models")
    indices, updates, shape = context.input(0), context.input(1), context.constant(2)
    if indices.data is None:
        raise CompileError("its input 0 must be a constant, since nothing checks it at run time")
    if not updates.same_quantization(context.outputs[0]) or updates.quantized:
        return None
    extents = shape[: indices.shape[-1]]
    if (indices.data < 0).any() or (indices.data >= extents).any():
        raise CompileError(f"an index points outside its axes of {extents.tolist()} elements")
    zeros = context.emit(relax.op.zeros([int(extent) for extent in shape], updates.dtype))
    places = relax.const(indices.data.astype(np.int64), "int64")
    return relax.op.scatter_nd(zeros, places, context.value(updates), reduction="add")
