# SPDX-License-Identifier: Apache-2.0
"""Reductions along no axis at all, which TVM's importer takes for the identity."""

from __future__ import annotations

from ..graph import Node
from .registry import rewrites


@rewrites("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceSumSquare")
def reduction(node: Node) -> bool | None:
    """With ``noop_with_empty_axes`` and no axes, what is done to each element still is done."""
    if node.opset < 18 or not node.attribute("noop_with_empty_axes", 0):
        return False  # before, axes are an attribute
    if node.has_input(1) and node.required_constant(1, "axes").size:
        return False
    kind = node.node.op_type
    x = node.input(0)
    if kind in ("ReduceL1", "ReduceL2"):
        x = node.emit("Abs", x)
    elif kind == "ReduceLogSum":
        x = node.emit("Log", x)
    else:
        x = node.emit("Mul", x, x)
    node.give(x)
    return None
