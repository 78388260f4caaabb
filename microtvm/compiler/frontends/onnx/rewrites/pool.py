# SPDX-License-Identifier: Apache-2.0
"""Pools: pads as numbers, and rounding up done by padding."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites
from .windows import same_pads


@rewrites("MaxPool", "AveragePool", "LpPool")
def pool(node: Node) -> bool | None:
    """Explicit pads and no rounding up; an average whose divisors that changes is scaled back."""
    kind = node.node.op_type
    if node.has_output(1):
        raise Refusal("its second output (Indices) is not known")
    if node.attribute("storage_order", 0):
        raise Refusal("storage_order 1 is not known")
    extents = node.shape(0)[2:]
    rank = len(extents)
    kernel = list(node.attribute("kernel_shape"))
    strides = list(node.attribute("strides") or [1] * rank)
    dilations = list(node.attribute("dilations") or [1] * rank)
    automatic = node.attribute("auto_pad", "NOTSET")
    pads = list(node.attribute("pads") or [0] * (2 * rank))
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        pads = same_pads(extents, kernel, strides, dilations, automatic == "SAME_LOWER")
    elif automatic == "VALID":
        pads = [0] * (2 * rank)
    ceil = bool(node.attribute("ceil_mode", 0))
    counted = bool(node.attribute("count_include_pad", 0))
    wide = list(pads)
    if ceil:
        for axis in range(rank):
            reach = (kernel[axis] - 1) * dilations[axis] + 1
            padded = extents[axis] + pads[axis] + pads[rank + axis]
            out = math.ceil((padded - reach) / strides[axis]) + 1
            if (out - 1) * strides[axis] >= extents[axis] + pads[axis]:
                out -= 1  # no window may start in the padding after the end
            missing = (out - 1) * strides[axis] + reach - padded
            wide[rank + axis] = max(0, pads[rank + axis] + missing)
    plain = automatic == "NOTSET" and wide == pads and not ceil
    simple = all(d == 1 for d in dilations)
    if kind == "MaxPool" or (simple and not counted and kind == "AveragePool"):
        if plain:
            return False
        node.keep(auto_pad=None, ceil_mode=None, pads=wide)
        return None
    if kind == "LpPool":
        if not simple:
            _dilated_norm(node, kernel, strides, dilations, wide)
            return None
        if plain:
            return False
        node.keep(auto_pad=None, ceil_mode=None, pads=wide)
        return None
    if plain and simple:
        return False
    _dilated_average(node, kernel, strides, dilations, pads, wide, counted)
    return None


def _dilated_average(
    node: Node,
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    pads: list[int],
    wide: list[int],
    counted: bool,
) -> None:
    """An average as a depthwise convolution by ones, divided by what each window counts."""
    dtype = node.dtype(0)
    extents = node.shape(0)[2:]
    rank = len(extents)
    counts = np.ones(())
    for axis in range(rank):
        before = pads[axis] if counted else 0
        after = pads[rank + axis] if counted else 0
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        padded = extents[axis] + wide[axis] + wide[rank + axis]
        starts = np.arange(0, padded - reach + 1, strides[axis]) - wide[axis]
        positions = starts[:, None] + dilations[axis] * np.arange(kernel[axis])
        inside = (positions >= -before) & (positions < extents[axis] + after)
        counts = counts[..., None] * inside.sum(axis=1)
    total = _window_sums(node, node.input(0), kernel, strides, dilations, wide)
    node.give(node.emit("Div", total, node.value(counts[None, None], dtype)))


def _dilated_norm(
    node: Node, kernel: list[int], strides: list[int], dilations: list[int], pads: list[int]
) -> None:
    """The root of the sum of a window's powers; what is padded adds nothing."""
    dtype, p = node.dtype(0), node.attribute("p", 2)
    powers = node.emit("Abs", node.input(0))
    if p != 1:
        powers = node.emit("Pow", powers, node.value(p, dtype))
    total = _window_sums(node, powers, kernel, strides, dilations, pads)
    node.give(total if p == 1 else node.emit("Pow", total, node.value(1 / p, dtype)))


def _window_sums(
    node: Node,
    name: str,
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    pads: list[int],
) -> str:
    """Sums of windows: a depthwise convolution by ones. ``pads`` are all begins, then all ends."""
    channels = node.shape(0)[1]
    ones = node.value(np.ones((channels, 1, *kernel)), node.dtype(0))
    return str(
        node.emit(
            "Conv",
            name,
            ones,
            group=channels,
            kernel_shape=kernel,
            strides=strides,
            dilations=dilations,
            pads=pads,
        )
    )
