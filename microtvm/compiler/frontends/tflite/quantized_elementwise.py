# SPDX-License-Identifier: Apache-2.0
"""Operators on two quantized tensors, in integers."""

from __future__ import annotations

from typing import Any

from ...errors import CompileError
from ...operators.divide import Div
from ...operators.elementwise import Add, Extremum, Mul
from ...operators.prelu import Prelu
from ...operators.squared_difference import SquaredDifference
from .context import OperatorContext
from .quantized import broadcast, fused_limits, in_integers, quantized, require_result
from .registry import converter


@converter("ADD", "SUB", "MUL")
def arithmetic(context: OperatorContext) -> Any:
    """Sum, difference and product, with a fused activation."""
    a, b, output = context.input(0), context.input(1), context.outputs[0]
    if not in_integers(a, b, output, dtypes=("int8", "uint8", "int16")):
        return None
    require_result(context, *broadcast(a, b))
    result = quantized(output)
    limits = fused_limits(context.options.FusedActivationFunction(), result)
    if limits is None:
        return None
    operands = quantized(a), quantized(b), result, limits, context.operators.rounding
    operator = (
        Mul(*operands) if context.name == "MUL" else Add(*operands, subtract=context.name == "SUB")
    )
    return context.operators.call(operator, context.value(a), context.value(b))


@converter("DIV")
def divide(context: OperatorContext) -> Any:
    """Quotient, with a fused activation."""
    a, b, output = context.input(0), context.input(1), context.outputs[0]
    if not in_integers(a, b, output, dtypes=("int8", "uint8", "int16")):
        return None
    require_result(context, *broadcast(a, b))
    result = quantized(output)
    limits = fused_limits(context.options.FusedActivationFunction(), result)
    if limits is None:
        return None
    if b.data is not None and (b.data == b.zero_point).any():
        raise CompileError(f"it divides by {b.name!r}, in which there is a zero")
    operator = Div(quantized(a), quantized(b), result, limits)
    return context.operators.call(operator, context.value(a), context.value(b))


@converter("MAXIMUM", "MINIMUM")
def extremum(context: OperatorContext) -> Any:
    """The larger or the smaller one of tensors that are quantized alike."""
    a, b, output = context.input(0), context.input(1), context.outputs[0]
    if not in_integers(a, b, output, dtypes=("int8", "uint8", "int16")):
        return None
    if not (a.same_quantization(output) and b.same_quantization(output)):
        return None
    require_result(context, *broadcast(a, b))
    operator = Extremum(
        quantized(a), quantized(b), quantized(output), largest=context.name == "MAXIMUM"
    )
    return context.operators.call(operator, context.value(a), context.value(b))


@converter("PRELU")
def prelu(context: OperatorContext) -> Any:
    """Scaled by another tensor, mostly a constant, below zero."""
    a, alpha, output = context.input(0), context.input(1), context.outputs[0]
    if not in_integers(a, alpha, output):
        return None
    require_result(context, *broadcast(a, alpha))
    operator = Prelu(quantized(a), quantized(alpha), quantized(output))
    return context.operators.call(operator, context.value(a), context.value(alpha))


@converter("SQUARED_DIFFERENCE")
def squared_difference(context: OperatorContext) -> Any:
    """Of int8, where LiteRT takes the output's scale."""
    a, b, output = context.input(0), context.input(1), context.outputs[0]
    if not in_integers(a, b, output, dtypes=("int8",)):
        return None
    require_result(context, *broadcast(a, b))
    try:
        operator = SquaredDifference(quantized(a), quantized(b), quantized(output))
    except ValueError:
        return None
    return context.operators.call(operator, context.value(a), context.value(b))
