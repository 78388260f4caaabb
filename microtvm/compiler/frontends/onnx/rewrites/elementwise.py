# SPDX-License-Identifier: Apache-2.0
"""Operators on single elements, whose attributes or edges TVM's importer does not heed."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


@rewrites("IsInf")
def is_inf(node: Node) -> bool | None:
    """Infinities of one sign only."""
    negative, positive = (node.attribute(f"detect_{s}", 1) for s in ("negative", "positive"))
    if negative and positive:
        return False
    if not negative and not positive:
        node.give(node.value(np.zeros(node.shape(0), bool)))
        return None
    zero = node.value(0, node.dtype(0))
    sign = node.emit("Less" if negative else "Greater", node.input(0), zero)
    node.give(node.emit("And", node.emit("IsInf", node.input(0)), sign))
    return None


@rewrites("Sign")
def sign(node: Node) -> bool | None:
    """Of integers without a sign, of which TVM's kernel makes -1 as of others."""
    dtype = node.dtype(0)
    if not dtype.startswith("uint"):
        return False
    node.give(node.cast(node.cast(node.input(0), "bool"), dtype))
    return None


@rewrites("Dropout")
def dropout(node: Node) -> bool | None:
    """The identity in inference; its mask is all true."""
    training = node.has_input(2)
    if training and (node.constant(2) is None or bool(np.all(node.constant(2)))):
        ratio = node.constant(1) if node.has_input(1) else np.float32(0.5)
        if ratio is None or float(ratio) != 0 or node.constant(2) is None:
            raise Refusal("it is in training mode; export the model for inference")
    mask = node.value(np.ones(node.shape(0), bool)) if node.has_output(1) else None
    node.give(node.input(0), mask)
    return None


@rewrites("Mod")
def mod(node: Node) -> bool | None:
    """The remainder of floats with the divisor's sign, from C's with the dividend's."""
    dtype = node.dtype(0)
    if node.attribute("fmod", 0) or not dtype.startswith("float"):
        return False
    divisor = node.input(1)
    zero = node.value(0, dtype)
    rest = node.emit("Mod", node.input(0), divisor, fmod=1)
    differs = node.emit("Xor", node.emit("Less", rest, zero), node.emit("Less", divisor, zero))
    nonzero = node.emit("Not", node.emit("Equal", rest, zero))
    node.give(
        node.emit(
            "Where", node.emit("And", differs, nonzero), node.emit("Add", rest, divisor), rest
        )
    )
    return None


_SAFE = "shift within the width"  # the name of the operator that is left in place


@rewrites("BitShift")
def bit_shift(node: Node) -> bool | None:
    """Shifts by the width or more, which C leaves undefined."""
    dtype = node.dtype(0)
    bits = np.dtype(dtype).itemsize * 8
    known = node.constant(1)
    if known is not None and bool(np.all((known >= 0) & (known < bits))):
        return False
    if node.node.name == _SAFE:
        return False
    shift = node.input(1)
    inside = node.emit("Less", shift, node.value(bits, dtype))
    if dtype.startswith("int"):
        not_negative = node.emit("Not", node.emit("Less", shift, node.value(0, dtype)))
        inside = node.emit("And", inside, not_negative)
    right = node.attribute("direction") == "RIGHT"
    fill = bits - 1 if right and dtype.startswith("int") else 0
    safe = node.emit("Where", inside, shift, node.value(fill, dtype))
    shifted = node.emit(
        "BitShift", node.input(0), safe, direction=node.attribute("direction"), name=_SAFE
    )
    if right and dtype.startswith("int"):
        node.give(shifted)
    else:
        node.give(node.emit("Where", inside, shifted, node.value(0, dtype)))
    return None


@rewrites("Elu", "Selu", "ThresholdedRelu")
def exponential(node: Node) -> bool | None:
    """Of floats wider or narrower than 32 bits, whose constants TVM's importer writes as float."""
    dtype = node.dtype(0)
    if dtype == "float32":
        return False
    x = node.input(0)
    kind = node.node.op_type
    if kind == "ThresholdedRelu":
        alpha = node.value(node.attribute("alpha", 1.0), dtype)
        node.give(node.emit("Where", node.emit("Greater", x, alpha), x, node.value(0, dtype)))
        return None
    default = 1.0 if kind == "Elu" else 1.67326319217681884765625
    one, zero = node.value(1, dtype), node.value(0, dtype)
    alpha = node.value(node.attribute("alpha", default), dtype)
    below = node.emit("Mul", alpha, node.emit("Sub", node.emit("Exp", x), one))
    y = node.emit("Where", node.emit("Greater", x, zero), x, below)
    if kind == "Selu":
        gamma = node.attribute("gamma", 1.05070102214813232421875)
        y = node.emit("Mul", y, node.value(gamma, dtype))
    node.give(y)
    return None


@rewrites("Pow")
def power(node: Node) -> bool | None:
    """Of operands that differ in type, and of integers."""
    base, exponent = node.dtype(0), node.dtype(1)
    if base == exponent and base.startswith("float"):
        return False
    wide = base if base.startswith("float") else "float64"
    result = node.emit("Pow", node.cast(node.input(0), wide), node.cast(node.input(1), wide))
    node.give(result if wide == base else node.cast(result, base))
    return None


@rewrites("Softplus")
def softplus(node: Node) -> bool | None:
    """Without overflow of the exponential."""
    x = node.input(0)
    dtype = node.dtype(0)
    small = node.emit("Exp", node.emit("Neg", node.emit("Abs", x)))
    log = node.emit("Log", node.emit("Add", small, node.value(1, dtype)))
    node.give(node.emit("Add", node.emit("Max", x, node.value(0, dtype)), log))
    return None
