# SPDX-License-Identifier: Apache-2.0
"""Determinants of small matrices."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites

_LARGEST = 3  # from 4 on, sums of products lose too many digits


@rewrites("Det")
def determinant(node: Node) -> bool | None:
    """The sum of products over all permutations, with their signs."""
    shape, dtype = node.shape(0), node.dtype(0)
    extent = shape[-1]
    if extent > _LARGEST:
        raise Refusal(f"of {extent} by {extent} elements; {_LARGEST} by {_LARGEST} are the most")
    orders = list(permutations(range(extent)))
    flat = node.reshape(node.input(0), [*shape[:-2], extent * extent])
    product = None
    for row in range(extent):
        chosen = node.value([row * extent + order[row] for order in orders], "int64")
        factor = str(node.emit("Gather", flat, chosen, axis=len(shape) - 2))
        product = factor if product is None else node.emit("Mul", product, factor)
    signs = [np.linalg.det(np.eye(extent)[list(order)]) for order in orders]
    total = node.emit("MatMul", str(product), node.value(np.rint(signs)[:, None], dtype))
    node.give(node.reshape(total, shape[:-2]))
    return None
