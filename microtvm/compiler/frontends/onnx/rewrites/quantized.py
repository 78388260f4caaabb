# SPDX-License-Identifier: Apache-2.0
"""Quantized operators: ONNX's QLinear ones and onnxruntime's.

Products and convolutions are summed in int32, exactly; the sum is scaled in float and rounded half
to even, as onnxruntime does. The others are computed in float between a dequantize and a quantize.
"""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .integer import centred, convolution_attributes
from .registry import rewrites

_ORT = "com.microsoft"


def _scale(node: Node, index: int) -> np.ndarray:
    return node.required_constant(index, "scale").astype(np.float32)


def _requantize(node: Node, total: str, scale: np.ndarray, zero_point: int, dtype: str) -> None:
    """Give int32 sums times a float scale as the operator's quantized result."""
    value = node.emit("Mul", node.cast(total, "float32"), node.value(scale.astype(np.float32)))
    _quantize_unit(node, value, zero_point, dtype)


def _quantize_unit(node: Node, value: str, zero_point: int, dtype: str) -> None:
    """Round a float that is already in quanta, add the zero point, saturate."""
    rounded = node.emit("Round", value)
    if node.has_input(zero_point):
        zero = node.cast(node.input(zero_point), "float32")
        if len(node.shape(zero_point)):
            zero = node.reshape(zero, ())
        rounded = node.emit("Add", rounded, zero)
    limits = np.iinfo(np.dtype(dtype))
    clipped = node.emit(
        "Clip",
        rounded,
        node.value(limits.min, "float32"),
        node.value(limits.max, "float32"),
    )
    node.give(node.cast(clipped, dtype))


@rewrites("QLinearConv")
def qlinear_conv(node: Node) -> bool | None:
    """Inputs: x, its scale and zero point, w, the same, y's scale and zero point, bias."""
    rank = len(node.shape(0))
    data, weights = centred(node, 0, 2), centred(node, 3, 5, axis=0)
    attributes = convolution_attributes(node)
    total = node.emit("Conv", data, weights, **attributes)
    channels = [1, -1] + [1] * (rank - 2)
    if node.has_input(8):
        bias = node.constant(8)
        addend = (
            node.value(bias.astype(np.int32).reshape(channels))
            if bias is not None
            else node.reshape(node.input(8), channels)
        )
        total = node.emit("Add", total, addend)
    scale = _scale(node, 1) * _scale(node, 4) / _scale(node, 6)
    scale = scale.reshape(channels) if scale.size > 1 else scale.reshape(())
    _requantize(node, total, scale, 7, node.dtype(7))
    return None


@rewrites("QLinearMatMul")
def qlinear_matmul(node: Node) -> bool | None:
    """Inputs: a, its scale and zero point, b, the same, y's scale and zero point."""
    rank = max(len(node.shape(0)), len(node.shape(3)))
    left = centred(node, 0, 2, axis=len(node.shape(0)) - 2)
    right = centred(node, 3, 5, axis=len(node.shape(3)) - 1)
    total = node.emit("MatMul", left, right)
    scales = [node.constant(index) for index in (1, 4, 6)]
    if all(s is not None for s in scales):
        a, b, y = (_scale(node, index) for index in (1, 4, 6))
        a = a.reshape([1] * (rank - 2) + [-1, 1]) if a.ndim == 1 and a.size > 1 else a
        b = b if b.size > 1 else b.reshape(())
        scale = (a if a.size > 1 else a.reshape(())) * b
        if y.size > 1:
            raise Refusal("a scale per row of its result is not known")
        _requantize(node, total, scale / y.reshape(()), 7, node.dtype(7))
        return None
    if any(node.shape(index) not in ((), (1,)) for index in (1, 4, 6)):
        raise Refusal("its scales are neither constants nor single numbers")
    one = [node.reshape(node.cast(node.input(i), "float32"), ()) for i in (1, 4, 6)]
    factor = node.emit("Div", node.emit("Mul", one[0], one[1]), one[2])
    value = node.emit("Mul", node.cast(total, "float32"), factor)
    _quantize_unit(node, value, 7, node.dtype(7))
    return None


@rewrites("QGemm", domain=_ORT)
def qgemm(node: Node) -> bool | None:
    """Inputs: a, its scale and zero point, b, the same, c in int32, y's scale and zero point."""
    axis = 0 if node.attribute("transB", 0) else 1
    left, right = centred(node, 0, 2), centred(node, 3, 5, axis=axis)
    if node.attribute("transA", 0):
        left = node.emit("Transpose", left, perm=[1, 0])
    if node.attribute("transB", 0):
        right = node.emit("Transpose", right, perm=[1, 0])
    total = node.emit("MatMul", left, right)
    if node.has_input(6):
        total = node.emit("Add", total, node.input(6))
    scale = np.float32(node.attribute("alpha", 1.0)) * _scale(node, 1) * _scale(node, 4)
    scale = scale if scale.size > 1 else scale.reshape(())
    if not node.has_input(7):
        node.give(node.emit("Mul", node.cast(total, "float32"), node.value(scale)))
        return None
    _requantize(node, total, scale / _scale(node, 7).reshape(()), 8, node.dtype(8))
    return None


def _dequantized(node: Node, first: int) -> str:
    """An input in float; its scale and zero point follow it."""
    given = [node.input(first), node.input(first + 1)]
    if node.has_input(first + 2):
        given.append(node.input(first + 2))
    return str(node.emit("DequantizeLinear", *given))


def _quantized(node: Node, value: str, scale: int) -> None:
    """Give a float quantized; the zero point follows the scale."""
    given = [value, node.input(scale)]
    if node.has_input(scale + 1):
        given.append(node.input(scale + 1))
    node.give(node.emit("QuantizeLinear", *given))


@rewrites("QLinearAdd", "QLinearMul", domain=_ORT)
def qlinear_binary(node: Node) -> bool | None:
    """Inputs: a, its scale and zero point, b, the same, y's scale and zero point."""
    operator = node.node.op_type.removeprefix("QLinear")
    value = node.emit(operator, _dequantized(node, 0), _dequantized(node, 3))
    _quantized(node, value, 6)
    return None


@rewrites("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", domain=_ORT)
def qlinear_unary(node: Node) -> bool | None:
    """Inputs: x, its scale and zero point, y's scale and zero point."""
    operator = node.node.op_type.removeprefix("QLinear")
    attributes = {}
    if operator == "LeakyRelu":
        attributes["alpha"] = node.attribute("alpha", 0.01)
    if operator == "Softmax":
        if node.attribute("opset", 13) < 13:
            raise Refusal("a softmax over several axes (opset below 13) is not known")
        attributes["axis"] = node.attribute("axis", -1)
    _quantized(node, node.emit(operator, _dequantized(node, 0), **attributes), 3)
    return None


@rewrites("QLinearAveragePool", "QLinearGlobalAveragePool", domain=_ORT)
def qlinear_average_pool(node: Node) -> bool | None:
    """Inputs: x, its scale and zero point, y's scale and zero point."""
    if node.attribute("channels_last", 0):
        raise Refusal("channels_last is not known")
    data = _dequantized(node, 0)
    if node.node.op_type == "QLinearGlobalAveragePool":
        value = node.emit("GlobalAveragePool", data)
    else:
        names = ("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")
        found = {name: node.attribute(name) for name in names}
        value = node.emit("AveragePool", data, **{n: v for n, v in found.items() if v is not None})
    _quantized(node, value, 3)
    return None


@rewrites("QLinearConcat", domain=_ORT)
def qlinear_concat(node: Node) -> bool | None:
    """Inputs: y's scale and zero point, then each tensor with its own."""
    parts = [_dequantized(node, first) for first in range(2, len(node.node.input), 3)]
    _quantized(node, node.emit("Concat", *parts, axis=node.attribute("axis")), 0)
    return None


@rewrites("QuantizeLinear", "DequantizeLinear", domain=_ORT)
def linear(node: Node) -> bool | None:
    """onnxruntime's own are ONNX's, with one more type or two."""
    present = [name for name in node.node.input if name]
    axis = node.attribute("axis", 1)
    node.give(node.emit(node.node.op_type, *present, axis=axis))
    return None
