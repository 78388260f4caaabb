# SPDX-License-Identifier: Apache-2.0
"""Operators that choose elements by their order, and that write diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError
from .context import OperatorContext
from .registry import converter

# Elements that are ranked: each is compared with every other.
_MAX_RANKED = 2048


@converter("TOPK_V2")
def top_k(context: OperatorContext) -> Any:
    """By rank: how many elements come before each; of equal ones the first. Stored integers do.

    TVM's sort needs TVM's runtime.
    """
    relax: Any = load("tvm.relax", "compile models")
    source, (values, places) = context.input(0), context.outputs
    if not source.same_quantization(values):
        return None
    *outer, extent = source.shape
    count = int(context.constant(1).reshape(()))
    if extent > _MAX_RANKED:
        raise CompileError(f"it ranks {extent} elements, and {_MAX_RANKED} are the most")
    if not 1 <= count <= extent:
        raise CompileError(f"it gives {count} of {extent} elements")
    data = context.value(source)
    mine = context.emit(relax.op.reshape(data, [*outer, extent, 1]))
    other = context.emit(relax.op.reshape(data, [*outer, 1, extent]))
    earlier = relax.const(np.tri(extent, k=-1, dtype=bool), "bool")
    tied = relax.op.logical_and(relax.op.equal(other, mine), earlier)
    before = relax.op.astype(relax.op.logical_or(relax.op.greater(other, mine), tied), "int32")
    rank = relax.op.reshape(relax.op.sum(before, axis=-1), [*outer, 1, extent])
    wanted = relax.const(np.arange(count, dtype=np.int32).reshape(count, 1), "int32")
    numbers = relax.const(np.arange(extent, dtype=places.dtype), places.dtype)
    chosen = relax.op.where(relax.op.equal(rank, wanted), numbers, relax.const(0, places.dtype))
    found = context.emit(relax.op.sum(chosen, axis=-1))
    wide = relax.op.astype(found, "int64")
    return [relax.op.gather_elements(data, wide, axis=len(outer)), found]


@converter("MATRIX_DIAG")
def matrix_diag(context: OperatorContext) -> Any:
    """The last axis along the diagonal of two; zeros beside it."""
    relax: Any = load("tvm.relax", "compile models")
    source = context.input(0)
    if source.quantized or not source.same_quantization(context.outputs[0]):
        return None
    (extent,) = source.shape[-1:]
    rows = relax.op.expand_dims(context.value(source), -2)
    zero = relax.const(np.zeros((), source.dtype), source.dtype)
    return relax.op.where(relax.const(np.eye(extent, dtype=bool), "bool"), rows, zero)


@converter("MATRIX_SET_DIAG")
def matrix_set_diag(context: OperatorContext) -> Any:
    """A matrix with another diagonal."""
    relax: Any = load("tvm.relax", "compile models")
    source, diagonal = context.input(0), context.input(1)
    if source.quantized or not source.same_quantization(context.outputs[0]):
        return None
    *_, height, width = source.shape
    values = context.value(diagonal)
    missing = width - diagonal.shape[-1]
    if missing:  # a matrix that is wider than high
        zeros = np.zeros((*diagonal.shape[:-1], missing), source.dtype)
        values = relax.op.concat([values, relax.const(zeros, source.dtype)], axis=-1)
    on = relax.const(np.eye(height, width, dtype=bool), "bool")
    return relax.op.where(on, relax.op.expand_dims(values, -2), context.value(source))
