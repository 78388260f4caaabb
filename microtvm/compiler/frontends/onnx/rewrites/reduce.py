# SPDX-License-Identifier: Apache-2.0
"""Reductions to norms and their logarithms: along no axis at all, and of integers."""

from __future__ import annotations

from ..graph import Node
from .mean import in_another_type
from .registry import rewrites


@rewrites("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceSumSquare")
def reduction(node: Node) -> bool | None:
    """Roots and logarithms of integers go through double.

    With ``noop_with_empty_axes`` and no axes, what is done to each element still is done; TVM's
    importer takes that for the identity.
    """
    kind, dtype = node.node.op_type, node.dtype(0)
    through_float = kind in ("ReduceL2", "ReduceLogSum") and not dtype.startswith("float")
    if not _along_no_axis(node):
        if through_float:
            in_another_type(node, "float64")  # holds every sum of squares of 32 bits' roots
            return None
        return False
    x = node.input(0)
    if kind in ("ReduceL1", "ReduceL2"):
        node.give(node.emit("Abs", x))
    elif kind == "ReduceSumSquare":
        node.give(node.emit("Mul", x, x))
    elif through_float:
        node.give(node.cast(node.emit("Log", node.cast(x, "float64")), dtype))
    else:
        node.give(node.emit("Log", x))
    return None


def _along_no_axis(node: Node) -> bool:
    if node.opset < 18 or not node.attribute("noop_with_empty_axes", 0):
        return False  # before, axes are an attribute
    return not (node.has_input(1) and node.required_constant(1, "axes").size)
