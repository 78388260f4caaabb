# SPDX-License-Identifier: Apache-2.0
"""Operators that choose elements by their order."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites

# Elements that are ranked: each is compared with every other.
_MAX_RANKED = 2048


# The name of an ArgMax whose result is held within the axis.
_HELD = "held"


@rewrites("ArgMax", "ArgMin")
def position(node: Node) -> bool | None:
    """Held within the axis.

    Where all elements are the type's smallest number or -inf (for ArgMin the largest), TVM's kernel
    finds the index -1, and counted from the end the one after the last.
    """
    if node.node.name == _HELD:
        return False
    axis = node.attribute("axis", 0)
    attributes = {"axis": axis, "keepdims": node.attribute("keepdims", 1)}
    if node.attribute("select_last_index", 0):
        attributes["select_last_index"] = 1
    found = node.emit(node.node.op_type, node.input(0), name=_HELD, **attributes)
    last = node.shape(0)[axis] - 1
    node.give(node.emit("Clip", found, node.value(0, "int64"), node.value(last, "int64")))
    return None


@rewrites("TopK")
def top_k(node: Node) -> bool | None:
    """By rank: how many elements come before each. TVM's sort needs TVM's runtime."""
    shape = node.shape(0)
    axis = node.attribute("axis", -1) % len(shape)
    count = int(node.required_constant(1, "k").reshape(-1)[0])
    extent = shape[axis]
    if extent > _MAX_RANKED:
        raise Refusal(f"it ranks {extent} elements, and {_MAX_RANKED} are the most")
    if not 1 <= count <= extent:
        raise Refusal(f"k is {count} of {extent} elements")
    last = len(shape) - 1
    perm = [a for a in range(len(shape)) if a != axis] + [axis]
    data = node.emit("Transpose", node.input(0), perm=perm) if axis != last else node.input(0)
    outer = [shape[a] for a in perm[:-1]]
    mine = node.reshape(data, [*outer, extent, 1])
    other = node.reshape(data, [*outer, 1, extent])
    ahead = node.emit("Greater" if node.attribute("largest", 1) else "Less", other, mine)
    earlier = node.value(np.tri(extent, k=-1, dtype=bool))  # of equal ones the first comes first
    tied = node.emit("And", node.emit("Equal", other, mine), earlier)
    before = node.cast(node.emit("Or", ahead, tied), "int32")
    rank = node.emit("ReduceSum", before, node.value([-1], "int64"), keepdims=0)
    chosen = node.emit(
        "Equal",
        node.reshape(rank, [*outer, 1, extent]),
        node.value(np.arange(count, dtype=np.int32).reshape(count, 1)),
    )
    index = node.emit(
        "Where",
        chosen,
        node.value(np.arange(extent), "int64"),
        node.value(0, "int64"),
    )
    index = node.emit("ReduceSum", index, node.value([-1], "int64"), keepdims=0)
    values = node.emit("GatherElements", data, index, axis=last)
    if axis != last:
        back = [perm.index(a) for a in range(len(shape))]
        values, index = (node.emit("Transpose", name, perm=back) for name in (values, index))
    node.give(values, index)
    return None


@rewrites("OneHot")
def one_hot(node: Node) -> bool | None:
    """Compared with a range; an index out of range has no element that is on."""
    depth = int(node.required_constant(1, "depth").reshape(-1)[0])
    off, on = (node.value(v) for v in node.required_constant(2, "values").reshape(2))
    shape = node.shape(0)
    axis = node.attribute("axis", -1) % (len(shape) + 1)
    index = node.cast(node.input(0), "int64")
    below = node.emit("Less", index, node.value(0, "int64"))
    counted = node.emit("Add", index, node.value(depth, "int64"))
    index = node.emit("Where", below, counted, index)
    index = node.reshape(index, [*shape[:axis], 1, *shape[axis:]])
    positions = np.arange(depth).reshape([depth] + [1] * (len(shape) - axis))
    node.give(node.emit("Where", node.emit("Equal", index, node.value(positions)), on, off))
    return None
