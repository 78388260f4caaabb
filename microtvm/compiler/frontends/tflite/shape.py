# SPDX-License-Identifier: Apache-2.0
"""Shapes, which are all known when a model is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("SHAPE")
def shape(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    dtype = context.outputs[0].dtype
    return relax.const(np.array(context.input(0).shape, dtype), dtype)


@converter("RANK")
def rank(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    return relax.const(np.array(len(context.input(0).shape), "int32"), "int32")


@converter("BROADCAST_ARGS")
def broadcast_args(context: OperatorContext) -> Any:
    """The shape to which two shapes broadcast."""
    relax: Any = load("tvm.relax", "compile models")
    given = [context.input(i) for i in range(2)]
    rank = max(tensor.shape[0] for tensor in given)
    shapes = []
    for tensor in given:
        ones = relax.const(np.ones(rank - tensor.shape[0], tensor.dtype), tensor.dtype)
        value = context.value(tensor)
        longer = relax.op.concat([ones, value], axis=0) if tensor.shape[0] < rank else value
        shapes.append(context.emit(longer))
    single = context.emit(relax.op.equal(shapes[0], relax.const(1, given[0].dtype)))
    return relax.op.where(single, shapes[1], shapes[0])
