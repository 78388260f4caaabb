# SPDX-License-Identifier: Apache-2.0
"""Means of integers."""

from __future__ import annotations

import numpy as np

from ..graph import Node
from .registry import rewrites


@rewrites("ReduceMean")
def reduce_mean(node: Node) -> bool | None:
    """Of integers: the sum divided in their type, towards zero. TVM's mean is of another type."""
    dtype = node.dtype(0)
    if dtype.startswith("float"):
        return False
    shape = node.shape(0)
    if node.has_input(1):
        axes = node.required_constant(1, "axes").reshape(-1).tolist()
    else:
        axes = list(node.attribute("axes") or [])
    if not axes:
        if node.attribute("noop_with_empty_axes", 0):
            node.give(node.input(0))
            return None
        axes = list(range(len(shape)))
    count = int(np.prod([shape[axis] for axis in axes]))
    given = node.input(0), node.value(axes, "int64")
    total = node.emit("ReduceSum", *given, keepdims=node.attribute("keepdims", 1))
    node.give(node.emit("Div", total, node.value(count, dtype)))
    return None
