# SPDX-License-Identifier: Apache-2.0
"""Operators on quantized numbers; their results may be a step off, as a model's own."""

from __future__ import annotations

from .model import SHAPE, Case, tried


@tried("QuantizeLinear", parameter="T2")
def quantize(case: Case, dtype: str) -> Case:
    """To an element type, from float32."""
    case.quantized = True
    value = case.input("float32" if dtype != "int32" else dtype)
    to = dtype if dtype in ("int8", "uint8", "int16") else "uint8"
    return case.ends(
        case.node("QuantizeLinear", value, case.constant(0.02, "float32"), case.constant(3, to))
    )


@tried("DequantizeLinear", parameter="T")
def dequantize(case: Case, dtype: str) -> Case:
    """By one scale, and one for each channel."""
    value = case.input(dtype)
    one = case.node("DequantizeLinear", value, case.constant(0.02, "float32"))
    scales = case.constant([0.01, 0.02, 0.03, 0.04], "float32")
    return case.ends(one, case.node("DequantizeLinear", value, scales, axis=1))


@tried("DynamicQuantizeLinear", parameter="T1")
def dynamic(case: Case, dtype: str) -> Case:
    case.quantized = True
    return case.ends(*case.node("DynamicQuantizeLinear", case.input(dtype), outputs=3))


@tried("ConvInteger", "MatMulInteger", parameter="T1")
def integer(name: str, case: Case, dtype: str) -> Case:
    """With zero points."""
    shape, weights = {
        "ConvInteger": (SHAPE, (3, 4, 3, 3)),
        "MatMulInteger": ((3, 5), (5, 4)),
    }[name]
    value, known = case.input(dtype, shape), case.weights(weights, "int8")
    zeros = case.constant(3, dtype), case.constant(0, "int8")
    return case.ends(case.node(name, value, known, *zeros))


def _scaled(case: Case, scale: float, zero: int, dtype: str) -> tuple[str, str]:
    return case.constant(scale, "float32"), case.constant(zero, dtype)


@tried("QLinearConv", parameter="T1")
def qlinear_conv(case: Case, dtype: str) -> Case:
    case.quantized = True
    value, weights = case.input(dtype), case.weights((3, 4, 3, 3), "int8")
    given = [value, *_scaled(case, 0.02, 3, dtype), weights, *_scaled(case, 0.01, 0, "int8")]
    given += [*_scaled(case, 0.3, 5, dtype), case.constant([100, -200, 300], "int32")]
    return case.ends(case.node("QLinearConv", *given))


@tried("QLinearMatMul", parameter="T1")
def qlinear_matmul(case: Case, dtype: str) -> Case:
    case.quantized = True
    given = [case.input(dtype, (3, 5)), *_scaled(case, 0.02, 3, dtype)]
    given += [case.weights((5, 4), "int8"), *_scaled(case, 0.01, 0, "int8")]
    return case.ends(case.node("QLinearMatMul", *given, *_scaled(case, 0.1, 5, dtype)))
