# SPDX-License-Identifier: Apache-2.0
"""Grids of points, and sampling at them."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("GridSample")
def grid_sample(node: Node) -> bool | None:
    """In float32: TVM's kernel answers in the type of the grid, whatever its input is."""
    data, grid = node.dtype(0), node.dtype(1)
    if data == grid == "float32":
        return False
    if not data.startswith("float"):
        raise Refusal(f"it interpolates {data}, and only floats are known")
    sampled = node.emit(
        "GridSample",
        node.cast(node.input(0), "float32"),
        node.cast(node.input(1), "float32"),
        **{
            name: node.attribute(name)
            for name in ("mode", "padding_mode", "align_corners")
            if node.attribute(name) is not None
        },
    )
    node.give(node.cast(sampled, data))
    return None


@rewrites("AffineGrid")
def affine_grid(node: Node) -> bool | None:
    """The points of a regular grid, a constant, times the matrices."""
    batch, _, *extents = (int(n) for n in node.required_constant(1, "size").reshape(-1))
    ends = []
    for extent in extents:
        if node.attribute("align_corners", 0):
            if extent == 1:
                raise Refusal("align_corners of an extent of 1 is not defined")
            ends.append(np.linspace(-1, 1, extent))
        else:
            ends.append((2 * np.arange(extent) + 1) / extent - 1)
    axes = np.meshgrid(*ends, indexing="ij")  # the last coordinate comes first in a point
    points = np.stack([*axes[::-1], np.ones(extents)], axis=-1).reshape(1, -1, len(extents) + 1)
    turned = node.emit("Transpose", node.input(0), perm=[0, 2, 1])
    grid = node.emit("MatMul", node.value(points, node.dtype(0)), turned)
    node.give(node.reshape(grid, [batch, *extents, len(extents)]))
    return None
