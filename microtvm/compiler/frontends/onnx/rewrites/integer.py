# SPDX-License-Identifier: Apache-2.0
"""Convolutions and products of integers, with 32-bit results."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


def centred(node: Node, value: int, zero_point: int, axis: int | None = None) -> str:
    """An input minus its zero point, in int32. A zero point per slice lies along ``axis``."""
    known = node.constant(value)
    if known is not None and (not node.has_input(zero_point) or _known(node, zero_point)):
        zero = node.constant(zero_point)
        wide = known.astype(np.int32)
        if zero is not None:
            wide = wide - _along(zero.astype(np.int32), axis, known.ndim)
        return node.value(wide)
    wide_name = node.cast(node.input(value), "int32")
    if not node.has_input(zero_point):
        return wide_name
    zero = node.constant(zero_point)
    if zero is not None:
        if not zero.any():
            return wide_name
        shift = node.value(_along(zero.astype(np.int32), axis, len(node.shape(value))))
    else:
        shift = node.cast(node.input(zero_point), "int32")
        if node.shape(zero_point) not in ((), (1,)):
            shift = node.reshape(
                shift, _along(np.empty(node.shape(zero_point)), axis, len(node.shape(value))).shape
            )
    return str(node.emit("Sub", wide_name, shift))


def _known(node: Node, index: int) -> bool:
    return node.constant(index) is not None


def _along(values: np.ndarray, axis: int | None, rank: int) -> np.ndarray:
    """A vector per slice, shaped to broadcast along its axis."""
    if values.size == 1:
        return values.reshape(())
    if values.ndim > 1:
        return values
    if axis is None:
        raise Refusal("a zero point per slice is not known of this operand")
    extents = [1] * rank
    extents[axis] = values.size
    return values.reshape(extents)


CONVOLUTION = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")


def convolution_attributes(node: Node) -> dict[str, Any]:
    """Those attributes of a convolution that are there."""
    found = {name: node.attribute(name) for name in CONVOLUTION}
    return {name: value for name, value in found.items() if value is not None}


@rewrites("ConvInteger")
def conv_integer(node: Node) -> bool | None:
    """A convolution of int32."""
    data = centred(node, 0, 2)
    weights = centred(node, 1, 3, axis=0)
    node.give(node.emit("Conv", data, weights, **convolution_attributes(node)))
    return None


@rewrites("MatMulInteger")
def matmul_integer(node: Node) -> bool | None:
    """A product of int32; zero points per row of the first, per column of the second operand."""
    left = centred(node, 0, 2, axis=len(node.shape(0)) - 2)
    right = centred(node, 1, 3, axis=len(node.shape(1)) - 1)
    node.give(node.emit("MatMul", left, right))
    return None
