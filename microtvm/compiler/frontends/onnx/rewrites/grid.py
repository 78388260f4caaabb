# SPDX-License-Identifier: Apache-2.0
"""Sampling at points that a grid names."""

from __future__ import annotations

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
