# SPDX-License-Identifier: Apache-2.0
"""Normalizations."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("LpNormalization")
def lp_normalization(node: Node) -> bool | None:
    """Divided by the norm along an axis; zero where the norm is."""
    operator = {1: "ReduceL1", 2: "ReduceL2"}.get(node.attribute("p", 2))
    if operator is None:
        raise Refusal("p is neither 1 nor 2")
    axis, dtype = node.attribute("axis", -1), node.dtype(0)
    if node.opset >= 18:
        norm = node.emit(operator, node.input(0), node.value([axis], "int64"), keepdims=1)
    else:
        norm = node.emit(operator, node.input(0), axes=[axis], keepdims=1)
    zero = node.value(0, dtype)
    none = node.emit("Equal", norm, zero)
    safe = node.emit("Where", none, node.value(1, dtype), norm)
    node.give(node.emit("Where", none, zero, node.emit("Div", node.input(0), safe)))
    return None


@rewrites("LRN")
def lrn(node: Node) -> bool | None:
    """Even sizes reach further up than down, which TVM's importer does the other way about."""
    size = node.attribute("size")
    shape, dtype = node.shape(0), node.dtype(0)
    channels = shape[1]
    before = (size - 1) // 2
    band = np.zeros((channels, channels))
    for channel in range(channels):
        band[channel, max(0, channel - before) : channel + size - before] = 1
    squares = node.emit("Mul", node.input(0), node.input(0))
    flat = node.reshape(squares, [shape[0], channels, int(np.prod(shape[2:]))])
    total = node.reshape(node.emit("MatMul", node.value(band, dtype), flat), shape)
    alpha = node.value(node.attribute("alpha", 1e-4) / size, dtype)
    scale = node.emit(
        "Add", node.emit("Mul", total, alpha), node.value(node.attribute("bias", 1.0), dtype)
    )
    root = node.emit("Pow", scale, node.value(node.attribute("beta", 0.75), dtype))
    node.give(node.emit("Div", node.input(0), root))
    return None


@rewrites("SkipLayerNormalization", domain="com.microsoft")
def skip_layer_normalization(node: Node) -> bool | None:
    """TVM's importer gives zeros for its further outputs, and needs all inputs."""
    if node.has_output(1) or node.has_output(2) or node.has_output(3):
        raise Refusal("its further outputs are not known")
    if not node.has_input(3) or not node.has_input(4):
        raise Refusal("without beta and bias it is not known")
    return False
