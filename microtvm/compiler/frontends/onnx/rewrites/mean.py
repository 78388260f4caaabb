# SPDX-License-Identifier: Apache-2.0
"""Reductions of types that TVM's importer does not reduce, and what is normalized by means."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


def _axes(node: Node) -> list[int] | None:
    """The axes, an input or an attribute; all where none are named, None where none are meant."""
    if node.has_input(1):
        axes = [int(axis) for axis in node.required_constant(1, "axes").reshape(-1)]
    else:
        axes = list(node.attribute("axes") or [])
    if axes:
        return axes
    return None if node.attribute("noop_with_empty_axes", 0) else list(range(len(node.shape(0))))


@rewrites("ReduceMean")
def reduce_mean(node: Node) -> bool | None:
    """Of integers: the sum divided in their type, towards zero. TVM's mean is of another type."""
    dtype = node.dtype(0)
    if dtype.startswith("float"):
        return False
    axes = _axes(node)
    if axes is None:
        node.give(node.input(0))
        return None
    count = int(np.prod([node.shape(0)[axis] for axis in axes]))
    given = node.input(0), node.value(axes, "int64")
    total = node.emit("ReduceSum", *given, keepdims=node.attribute("keepdims", 1))
    node.give(node.emit("Div", total, node.value(count, dtype)))
    return None


def in_another_type(node: Node, dtype: str) -> None:
    """The same operator between two casts."""
    names = ("axes", "keepdims", "noop_with_empty_axes")
    attributes = {name: node.attribute(name) for name in names}
    reduced = node.emit(
        node.node.op_type,
        node.cast(node.input(0), dtype),
        *list(node.node.input)[1:],
        **{name: value for name, value in attributes.items() if value is not None},
    )
    node.give(node.cast(reduced, node.dtype(0)))


@rewrites("ReduceLogSumExp")
def reduce_log_sum_exp(node: Node) -> bool | None:
    """Of integers, ONNX Runtime rounds on the way where it is not told."""
    if node.dtype(0).startswith("float"):
        return False
    raise Refusal(f"of {node.dtype(0)} it is not known; cast to float before it")


@rewrites("ReduceMax", "ReduceMin")
def reduce_bool(node: Node) -> bool | None:
    """Any and all."""
    if node.dtype(0) != "bool":
        return False
    in_another_type(node, "uint8")
    return None


@rewrites("MeanVarianceNormalization")
def mean_variance_normalization(node: Node) -> bool | None:
    """In the type of its input, which onnx's own expansion leaves where that is not float32."""
    axes = list(node.attribute("axes") or [0, 2, 3])

    def mean(name: str) -> str:
        if node.opset >= 18:
            return str(node.emit("ReduceMean", name, node.value(axes, "int64"), keepdims=1))
        return str(node.emit("ReduceMean", name, axes=axes, keepdims=1))

    x, dtype = node.input(0), node.dtype(0)
    middle = mean(x)
    squares = mean(node.emit("Mul", x, x))
    variance = node.emit("Sub", squares, node.emit("Mul", middle, middle))
    deviation = node.emit("Add", node.emit("Sqrt", variance), node.value(1e-9, dtype))
    node.give(node.emit("Div", node.emit("Sub", x, middle), deviation))
    return None
