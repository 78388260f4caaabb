# SPDX-License-Identifier: Apache-2.0
"""Operators and attributes that TVM's importer takes for something else."""

from __future__ import annotations

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("RoiAlign")
def roi_align(node: Node) -> bool | None:
    """Its maximum is of weighted corners in ONNX, of interpolated points in TVM."""
    if node.attribute("mode", "avg") != "avg":
        raise Refusal("its mode max is not known")
    return False


@rewrites("NonMaxSuppression")
def non_max_suppression(node: Node) -> bool | None:
    """The number of boxes that it selects is known only at run time."""
    raise Refusal("the number of boxes in its result is known only at run time")
