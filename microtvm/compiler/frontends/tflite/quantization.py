# SPDX-License-Identifier: Apache-2.0
"""From integers to the real numbers that they stand for, and back, as Relax expressions."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .tensor import Tensor


def dequantize(value: Any, tensor: Tensor) -> Any:
    """The real numbers of a quantized tensor."""
    relax: Any = load("tvm.relax", "compile models")
    return relax.op.dequantize(value, *_parameters(relax, tensor), axis=_axis(tensor))


def quantize(value: Any, tensor: Tensor) -> Any:
    """Float numbers as the integers of a quantized tensor, rounded and saturated."""
    relax: Any = load("tvm.relax", "compile models")
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
