# SPDX-License-Identifier: Apache-2.0
"""From integers to the real numbers that they stand for, and back, as Relax expressions."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .tensor import Tensor


def dequantize(value: Any, tensor: Tensor) -> Any:
    """The real numbers of a quantized tensor."""
    relax: Any = load("tvm.relax", "compile models")
    return relax.op.dequantize(value, *_parameters(relax, tensor), axis=_axis(tensor))


def quantize(value: Any, tensor: Tensor) -> Any:
    """Float numbers as the integers of a quantized tensor, rounded and saturated."""
    relax: Any = load("tvm.relax", "compile models")
    if tensor.dtype == "int32":  # Relax has no such quantize
        scaled = relax.op.round(relax.op.divide(value, relax.const(tensor.scale, "float32")))
        low, high = -(2.0**31), 2.0**31 - 128  # what a float32 can be without leaving int32
        integers = relax.op.astype(relax.op.clip(scaled, low, high), "int32")
        return relax.op.add(integers, relax.const(tensor.zero_point, "int32"))
    return relax.op.quantize(
        value, *_parameters(relax, tensor), axis=_axis(tensor), out_dtype=tensor.dtype
    )


def _axis(tensor: Tensor) -> int:
    return tensor.axis if tensor.scales.size > 1 else -1


def _parameters(relax: Any, tensor: Tensor) -> tuple[Any, Any]:
    if tensor.scales.size == 1:
        return relax.const(tensor.scale, "float32"), relax.const(tensor.zero_point, "int32")
    return (
        relax.const(tensor.scales, "float32"),
        relax.const(tensor.zero_points.astype("int32"), "int32"),
    )


def real(context: OperatorContext, index: int) -> Any:
    """An operand as float numbers: dequantized where it is quantized."""
    relax: Any = load("tvm.relax", "compile models")
    tensor = context.input(index)
    if not tensor.quantized:
        return context.value(tensor)
    if tensor.data is not None:
        return relax.const(tensor.dequantized(), "float32")
    return context.emit(dequantize(context.value(tensor), tensor))


def stored(context: OperatorContext, value: Any, index: int = 0) -> Any:
    """Float numbers as a result is stored: quantized where the file says so."""
    tensor = context.outputs[index]
    return quantize(context.emit(value), tensor) if tensor.quantized else value
