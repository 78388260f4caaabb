# SPDX-License-Identifier: Apache-2.0
"""Padding of convolutions: what ``auto_pad`` and ``output_shape`` mean, as numbers."""

from __future__ import annotations

from ..graph import Node, Refusal
from .registry import rewrites


def same_pads(
    extents: tuple[int, ...],
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    lower: bool,
) -> list[int]:
    """Pads, all begins then all ends, of SAME_UPPER or SAME_LOWER."""
    begins, ends = [], []
    for extent, size, stride, dilation in zip(extents, kernel, strides, dilations, strict=True):
        out = -(-extent // stride)
        total = max(0, (out - 1) * stride + (size - 1) * dilation + 1 - extent)
        begins.append(total - total // 2 if lower else total // 2)
        ends.append(total - begins[-1])
    return begins + ends


@rewrites("Conv")
def conv(node: Node) -> bool | None:
    """Explicit pads."""
    automatic = node.attribute("auto_pad", "NOTSET")
    if automatic == "NOTSET":
        return False
    rank = len(node.shape(0)) - 2
    pads = [0] * (2 * rank)
    if automatic != "VALID":
        pads = same_pads(
            node.shape(0)[2:],
            list(node.shape(1)[2:]),
            node.attribute("strides", [1] * rank),
            node.attribute("dilations", [1] * rank),
            automatic == "SAME_LOWER",
        )
    node.keep(auto_pad=None, pads=pads)
    return None


@rewrites("ConvTranspose")
def conv_transpose(node: Node) -> bool | None:
    """Explicit pads, from the shape of the result where that is given."""
    automatic, shape = node.attribute("auto_pad", "NOTSET"), node.attribute("output_shape")
    rank = len(node.shape(0)) - 2
    strides = node.attribute("strides", [1] * rank)
    dilations = node.attribute("dilations", [1] * rank)
    kernel = list(node.shape(1)[2:])
    extra = list(node.attribute("output_padding", [0] * rank))
    if shape is None and automatic in ("NOTSET", "VALID"):
        if any(e >= s for e, s in zip(extra, strides, strict=True)):
            raise Refusal("its output_padding is not smaller than its stride")
        return False
    extents = node.shape(0)[2:]
    if shape is None:
        shape = [e * s for e, s in zip(extents, strides, strict=True)]
    begins, ends = [], []
    for axis in range(rank):
        whole = strides[axis] * (extents[axis] - 1) + (kernel[axis] - 1) * dilations[axis] + 1
        total = whole + extra[axis] - list(shape)[-rank:][axis]
        if total < 0:
            extra[axis] -= total
            total = 0
        if extra[axis] >= strides[axis]:
            raise Refusal("its output_shape reaches a whole stride beyond the last window")
        begins.append(total // 2 if automatic == "SAME_UPPER" else total - total // 2)
        ends.append(total - begins[-1])
    node.keep(auto_pad=None, output_shape=None, pads=begins + ends, output_padding=extra)
    return None
