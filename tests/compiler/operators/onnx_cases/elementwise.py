# SPDX-License-Identifier: Apache-2.0
"""Operators that work on each element by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import SHAPE, Case, element, tried

_RANGES: dict[str, tuple[float | None, float | None]] = {
    "Acos": (-1, 1),
    "Acosh": (1, 5),
    "Asin": (-1, 1),
    "Atanh": (-0.9, 0.9),
    "Ceil": (-5, 5),
    "Floor": (-5, 5),
    "Log": (0.1, 5),
    "Reciprocal": (0.5, 4),
    "Round": (-5, 5),
    "Sqrt": (0, 5),
    "Tan": (-1.4, 1.4),
}
_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "Celu": {"alpha": 1.5},
    "Elu": {"alpha": 0.7},
    "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
    "Hardmax": {"axis": 1},
    "LeakyRelu": {"alpha": 0.3},
    "LogSoftmax": {"axis": 1},
    "Shrink": {"lambd": 1.0, "bias": 0.5},
    "Softmax": {"axis": 1},
    "ThresholdedRelu": {"alpha": 0.5},
}
_UNARY = """
Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cos Cosh Elu Erf Exp Floor HardSigmoid
HardSwish Hardmax Identity IsInf IsNaN LeakyRelu Log LogSoftmax Mish Neg Not Reciprocal Relu Round
Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu
""".split()  # noqa: SIM905
_BINARY = """
Add And BitwiseAnd BitwiseOr BitwiseXor Equal Greater GreaterOrEqual Less LessOrEqual Mul Or PRelu
Sub Xor
""".split()  # noqa: SIM905


@tried(*_UNARY)
def unary(name: str, case: Case, dtype: str) -> Case:
    value = case.input(dtype, SHAPE, *_RANGES.get(name, (None, None)))
    return case.ends(case.node(name, value, **_ATTRIBUTES.get(name, {})))


@tried("Gelu")
def gelu(case: Case, dtype: str) -> Case:
    value = case.input(dtype)
    return case.ends(case.node("Gelu", value), case.node("Gelu", value, approximate="tanh"))


@tried(*_BINARY)
def binary(name: str, case: Case, dtype: str) -> Case:
    left, right = case.input(dtype), case.input(dtype, SHAPE[1:])
    return case.ends(case.node(name, left, right))


@tried("Div", "Mod")
def divided(name: str, case: Case, dtype: str) -> Case:
    """By numbers other than zero; the smallest integer is not divided by -1."""
    divisor = case.input(dtype, SHAPE[1:], 1, 100 if dtype != "float16" else 4)
    attributes = {"fmod": 1} if name == "Mod" and dtype.startswith("float") else {}
    return case.ends(case.node(name, case.input(dtype), divisor, **attributes))


@tried("Pow")
def pow(case: Case, dtype: str) -> Case:
    base, power = case.input(dtype, SHAPE, 1, 4), case.input(dtype, SHAPE[1:], 0, 3)
    return case.ends(case.node("Pow", base, power))


@tried("BitShift")
def bit_shift(case: Case, dtype: str) -> Case:
    value, by = case.input(dtype), case.input(dtype, SHAPE[1:], 0, 7)
    ways = [case.node("BitShift", value, by, direction=way) for way in ("LEFT", "RIGHT")]
    return case.ends(*ways)


@tried("Max", "Mean", "Min", "Sum")
def several(name: str, case: Case, dtype: str) -> Case:
    values = [case.input(dtype), case.input(dtype, SHAPE[1:]), case.input(dtype, (6, 1))]
    return case.ends(case.node(name, *values))


@tried("Clip")
def clip(case: Case, dtype: str) -> Case:
    low = case.constant(3 if dtype.startswith("uint") else -1, dtype)
    high = case.constant(5, dtype)
    value = case.input(dtype)
    return case.ends(case.node("Clip", value, low, high), case.node("Clip", value, "", high))


@tried("Where", parameter="T")
def where(case: Case, dtype: str) -> Case:
    condition = case.input("bool", SHAPE[1:])
    return case.ends(case.node("Where", condition, case.input(dtype), case.input(dtype, (6, 1))))


def _castable(dtype: str) -> tuple[float | None, float | None]:
    """Numbers that all types hold: what becomes of others is said by none."""
    return (0, 100) if dtype != "bool" else (None, None)


@tried("Cast")
def cast(case: Case, dtype: str) -> Case:
    value = case.input(dtype, SHAPE, *_castable(dtype))
    others = ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool")
    return case.ends(*(case.node("Cast", value, to=element(other)) for other in others))


@tried("CastLike")
def cast_like(case: Case, dtype: str) -> Case:
    value = case.input(dtype, SHAPE, *_castable(dtype))
    other = case.input("int32" if dtype == "float32" else "float32", (1,))
    return case.ends(case.node("CastLike", value, other))


@tried("Dropout")
def dropout(case: Case, dtype: str) -> Case:
    """As it is outside training: the input by itself."""
    return case.ends(*case.node("Dropout", case.input(dtype), outputs=2))


@tried("Constant", parameter="T")
def constant(case: Case, dtype: str) -> Case:
    from onnx import numpy_helper

    values = numpy_helper.from_array(np.arange(36).reshape(1, 1, 6, 6).astype(dtype))
    known = case.node("Constant", value=values)
    return case.ends(case.node("Concat", case.input(dtype), known, axis=1))
