# SPDX-License-Identifier: Apache-2.0
"""Operators that only move data."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("SpaceToDepth")
def space_to_depth(node: Node) -> bool | None:
    """Its CRD mode, which TVM's importer takes for DCR."""
    mode = node.attribute("mode", "DCR")
    if mode == "DCR":
        return False
    if mode != "CRD":
        raise Refusal(f"the mode {mode} is not known")
    block = node.attribute("blocksize")
    n, c, h, w = node.shape(0)
    split = node.reshape(node.input(0), [n, c, h // block, block, w // block, block])
    moved = node.emit("Transpose", split, perm=[0, 1, 3, 5, 2, 4])
    node.give(node.reshape(moved, [n, c * block * block, h // block, w // block]))
    return None


@rewrites("ReverseSequence")
def reverse_sequence(node: Node) -> bool | None:
    """With lengths that are known: a gather."""
    lengths = node.required_constant(1, "sequence lengths")
    time, batch = node.attribute("time_axis", 0), node.attribute("batch_axis", 1)
    shape = node.shape(0)
    index = np.indices(shape)[time]
    reach = lengths.reshape([-1 if a == batch else 1 for a in range(len(shape))])
    flipped = np.where(index < reach, reach - 1 - index, index)
    node.give(node.emit("GatherElements", node.input(0), node.value(flipped, "int64"), axis=time))
    return None
