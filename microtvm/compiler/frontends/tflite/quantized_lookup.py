# SPDX-License-Identifier: Apache-2.0
"""Functions of one quantized tensor, by a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...operators import QuantizedTensor
from ...operators.hard_swish import hard_swish_table
from ...operators.lookup import (
    InterpolatedLookup,
    Lookup,
    interpolated_table,
    rescaled_table,
    table_of,
)
from .context import OperatorContext
from .quantized import fused_limits, in_integers, quantized, require_result
from .registry import converter

_Function = Callable[[np.ndarray], np.ndarray]

_erf = np.vectorize(math.erf, otypes=[np.float64])
_SQRT_2_OVER_PI = np.float32(math.sqrt(2 / math.pi))

_FUNCTIONS: dict[str, _Function] = {
    "LOGISTIC": lambda x: 1 / (1 + np.exp(-x)),
    "TANH": np.tanh,
    "ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "EXP": np.exp,
    "LOG": np.log,
    "RSQRT": lambda x: 1 / np.sqrt(x),
}

# Where each activation of schema.fbs that clamps is an operator of its own.
_CLAMPS = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}


@converter(*_FUNCTIONS)
def function(context: OperatorContext) -> Any:
    """A function whose table is computed in float."""
    return _lookup(context, lambda a, b: _real_table(_FUNCTIONS[context.name], a, b))


@converter("EXP")
def exponential(context: OperatorContext) -> Any:
    """Of int16: LiteRT's table has 513 entries."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output, dtypes=("int16",)):
        return None
    require_result(context, *source.shape)
    a, b = quantized(source), quantized(output)
    with np.errstate(all="ignore"):
        table = interpolated_table(np.exp, a, b)
    operator = InterpolatedLookup("exp", a, b, table)
    return context.operators.call(operator, context.value(source))


@converter("HARD_SWISH")
def hard_swish(context: OperatorContext) -> Any:
    """By LiteRT's own integers, which are not the nearest."""
    return _lookup(context, hard_swish_table)


@converter("GELU")
def gelu(context: OperatorContext) -> Any:
    """Exact, or by tanh."""

    def approximate(x: np.ndarray) -> np.ndarray:
        cubic: np.ndarray = x + np.float32(0.044715) * x * x * x
        result: np.ndarray = np.float32(0.5) * x * (1 + np.tanh(_SQRT_2_OVER_PI * cubic))
        return result

    def exact(x: np.ndarray) -> np.ndarray:
        result: np.ndarray = 0.5 * x * (1 + _erf(x * np.float32(math.sqrt(0.5))))
        return result

    real = approximate if context.options.Approximate() else exact
    return _lookup(context, lambda a, b: _real_table(real, a, b))


@converter(*_CLAMPS)
def clamp(context: OperatorContext) -> Any:
    """ReLU and its like, which may change the scale. LiteRT rounds twice in these."""

    def table(a: QuantizedTensor, b: QuantizedTensor) -> np.ndarray:
        limits = fused_limits(_CLAMPS[context.name], b)
        return rescaled_table(a, b, rounding="double", limits=limits)

    return _lookup(context, table)


@converter("LEAKY_RELU")
def leaky_relu(context: OperatorContext) -> Any:
    """Scaled by alpha below zero."""
    alpha, rounding = context.options.Alpha(), context.operators.rounding
    if alpha < 0:
        return None
    return _lookup(context, lambda a, b: rescaled_table(a, b, rounding=rounding, below=alpha))


@converter("ABS")
def absolute(context: OperatorContext) -> Any:
    """LiteRT rounds twice in this one."""
    return _lookup(context, lambda a, b: rescaled_table(a, b, rounding="double", below=-1.0))


@converter("QUANTIZE")
def requantize(context: OperatorContext) -> Any:
    """From one scale to another."""
    rounding = context.operators.rounding
    return _lookup(context, lambda a, b: rescaled_table(a, b, rounding=rounding))


def _real_table(real: _Function, a: QuantizedTensor, b: QuantizedTensor) -> np.ndarray:
    with np.errstate(all="ignore"):
        return table_of(real, a, b)


def _lookup(
    context: OperatorContext, table: Callable[[QuantizedTensor, QuantizedTensor], np.ndarray]
) -> Any:
    source, output = context.input(0), context.outputs[0]
    if not (in_integers(source) and in_integers(output)):
        return None
    require_result(context, *source.shape)
    a, b = quantized(source), quantized(output)
    values = table(a, b)
    operator = Lookup(context.name.lower(), a, b, values)
    return context.operators.call(operator, context.value(source))
