# SPDX-License-Identifier: Apache-2.0
"""Operators that say by constants which elements are kept, and where they go."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("Compress")
def compress(node: Node) -> bool | None:
    """With a condition that is known: a gather."""
    condition = node.constant(1)
    if condition is None:
        raise Refusal("the shape of its result is known only at run time")
    axis = node.attribute("axis")
    data = node.input(0)
    if axis is None:
        data, axis = node.reshape(data, [-1]), 0
    kept = np.flatnonzero(condition)
    if not kept.size:
        raise Refusal("its condition keeps nothing")
    node.give(node.emit("Gather", data, node.value(kept, "int64"), axis=axis))
    return None


@rewrites("CenterCropPad")
def center_crop_pad(node: Node) -> bool | None:
    """A slice of what is too long, zeros around what is too short; what is odd goes to the end."""
    wanted = node.required_constant(1, "shape").reshape(-1)
    shape = node.shape(0)
    axes = node.attribute("axes")
    if axes is None:
        axes = list(range(len(shape)))
    before, after = [0] * len(shape), [0] * len(shape)
    starts, ends = [0] * len(shape), list(shape)
    for axis, extent in zip(axes, wanted.tolist(), strict=True):
        surplus = shape[axis] - extent
        if surplus > 0:
            starts[axis] = surplus // 2
            ends[axis] = starts[axis] + extent
        else:
            before[axis] = -surplus // 2
            after[axis] = -surplus - before[axis]
    cropped = node.emit(
        "Slice", node.input(0), node.value(starts, "int64"), node.value(ends, "int64")
    )
    padded = node.value([*before, *after], "int64")
    node.give(node.emit("Pad", cropped, padded, node.value(0, node.dtype(0))))
    return None


@rewrites("Col2Im")
def col2im(node: Node) -> bool | None:
    """Each offset within the block is put where it came from, and those places are added."""
    image = node.required_constant(1, "image_shape").tolist()
    block = node.required_constant(2, "block_shape").tolist()
    rank = len(image)
    strides = list(node.attribute("strides") or [1] * rank)
    dilations = list(node.attribute("dilations") or [1] * rank)
    pads = list(node.attribute("pads") or [0] * (2 * rank))
    batch, columns, _ = node.shape(0)
    channels = columns // int(np.prod(block))
    reach = [(b - 1) * d + 1 for b, d in zip(block, dilations, strict=True)]
    counts = [
        (image[a] + pads[a] + pads[rank + a] - reach[a]) // strides[a] + 1 for a in range(rank)
    ]
    windows = int(np.prod(counts))
    extents = [image[a] + pads[a] + pads[rank + a] for a in range(rank)]
    # For each place of the image, padding included: which (offset, window) lies on it, in order.
    sources: list[list[int]] = [[] for _ in range(int(np.prod(extents)))]
    for offset, within in enumerate(np.ndindex(*block)):
        for window, at in enumerate(np.ndindex(*counts)):
            place = [at[a] * strides[a] + within[a] * dilations[a] for a in range(rank)]
            sources[int(np.ravel_multi_index(place, extents))].append(offset * windows + window)
    most = max(map(len, sources))
    flat = node.reshape(node.input(0), [batch, channels, int(np.prod(block)) * windows])
    nothing = columns // channels * windows  # the index of a zero behind the others
    edge = node.value([0, 0, 0, 0, 0, 1], "int64")
    flat = node.emit("Pad", flat, edge, node.value(0, node.dtype(0)))
    total = None
    for turn in range(most):
        index = np.array([s[turn] if turn < len(s) else nothing for s in sources])
        taken = node.emit("Gather", flat, node.value(index, "int64"), axis=2)
        total = taken if total is None else node.emit("Add", total, taken)
    result = node.reshape(str(total), [batch, channels, *extents])
    starts = node.value(pads[:rank], "int64")
    ends = node.value([pads[a] + image[a] for a in range(rank)], "int64")
    axes = node.value(list(range(2, 2 + rank)), "int64")
    node.give(node.emit("Slice", result, starts, ends, axes))
    return None


@rewrites("EyeLike")
def eye_like(node: Node) -> bool | None:
    """A constant, of whatever type is asked for."""
    from onnx import helper

    rows, columns = node.shape(0)
    ones = np.eye(rows, columns, k=node.attribute("k", 0))
    number = node.attribute("dtype")
    dtype = helper.tensor_dtype_to_np_dtype(number).name if number else node.dtype(0)
    node.give(node.value(ones, dtype))
    return None
