# SPDX-License-Identifier: Apache-2.0
"""Indices are held within the tensor: TVM's kernels read and write wherever one points.

ONNX Runtime ends with an error there, which a board has no one to tell of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites

# The name of an operator whose indices are held already.
_HELD = "indices held"


def _hold(node: Node, index: int, extents: Sequence[int]) -> bool | None:
    """Indices into axes of those extents: one, or one for each element of the last axis."""
    known = node.constant(index)
    limits = np.array(extents if len(extents) > 1 else extents[0])
    if known is not None:
        if bool(np.any((known < -limits) | (known >= limits))):
            raise Refusal(f"an index lies outside of its axis of {', '.join(map(str, extents))}")
        return False
    if node.node.name == _HELD:
        return False
    dtype = node.dtype(index)
    held = node.emit("Max", node.input(index), node.value(-limits, dtype))
    held = node.emit("Min", held, node.value(limits - 1, dtype))
    negative = node.emit("Less", held, node.value(0, dtype))
    counted = node.emit("Add", held, node.value(limits, dtype))
    node.keep()
    copy = node.emitted[-1]
    copy.name = _HELD
    copy.input[index] = node.emit("Where", negative, counted, held)
    node.emitted.remove(copy)
    node.emitted.append(copy)  # behind what its indices come from
    return None


@rewrites("Gather", "GatherElements", "ScatterElements")
def along_an_axis(node: Node) -> bool | None:
    """One axis."""
    return _hold(node, 1, [node.shape(0)[node.attribute("axis", 0)]])


@rewrites("GatherND", "ScatterND")
def along_axes(node: Node) -> bool | None:
    """As many axes as the last extent of the indices, behind those that are batches."""
    batches = node.attribute("batch_dims", 0)
    return _hold(node, 1, node.shape(0)[batches : batches + node.shape(1)[-1]])


@rewrites("MaxUnpool")
def unpool(node: Node) -> bool | None:
    """Places in the result as if it were flat."""
    if node.has_input(2):
        shape = node.required_constant(2, "output_shape").tolist()
    else:
        shape = node.output_shape(0)
    return _hold(node, 1, [math.prod(shape)])


@rewrites("RoiAlign")
def roi_align(node: Node) -> bool | None:
    """Which image of a batch; TVM's importer takes float32 alone for what it is.

    Its maximum is of weighted corners in ONNX, of interpolated points in TVM.
    """
    if node.attribute("mode", "avg") != "avg":
        raise Refusal("its mode max is not known")
    dtype = node.dtype(0)
    if dtype == "float32":
        return _hold(node, 2, [node.shape(0)[0]])
    given = [node.cast(node.input(index), "float32") for index in (0, 1)]
    result = node.emit("RoiAlign", *given, node.input(2), **node.attributes())
    node.give(node.cast(result, dtype))
    return None
