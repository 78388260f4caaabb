# SPDX-License-Identifier: Apache-2.0
"""Functions of one quantized tensor: by a table of all results where it has 8 bits."""

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
from ...operators.rescale import Rescale
from ...operators.sigmoid import Sigmoid, power_of_two
from .context import OperatorContext
from .quantized import in_integers, limits_between, quantized, require_result
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

# The real numbers between which each holds its output.
_CLAMPS: dict[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU6": (0.0, 6.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


@converter(*_FUNCTIONS)
def function(context: OperatorContext) -> Any:
    """A function whose table is computed in float."""
    return _lookup(context, lambda a, b: _real_table(_FUNCTIONS[context.name], a, b))


@converter("EXP", "LOG", "RSQRT")
def function16(context: OperatorContext) -> Any:
    """Of int16: LiteRT's table has 513 entries. What is undefined at 0 and below it is a limit."""
    tensors = _of_int16(context)
    if tensors is None:
        return None
    real, scale = _FUNCTIONS[context.name], np.float32(tensors[1].scale)
    undefined = {"LOG": np.float32(-32768), "RSQRT": np.float32(32767)}.get(context.name)

    def function(x: np.ndarray) -> np.ndarray:
        return real(x) if undefined is None else np.where(x <= 0, undefined * scale, real(x))

    with np.errstate(all="ignore"):
        table = interpolated_table(function, *tensors)
    operator = InterpolatedLookup(context.name.lower(), *tensors, table)
    return context.operators.call(operator, context.value(context.input(0)))


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
        limits = limits_between(_CLAMPS[context.name], b)
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


@converter("LOGISTIC", "TANH")
def sigmoid16(context: OperatorContext) -> Any:
    """Of int16, with steps of 2^-15."""
    tensors = _of_int16(context)
    if tensors is None or power_of_two(tensors[1].scale) != -15:
        return None
    try:
        is_tanh = context.name == "TANH"
        operator = Sigmoid(*tensors, is_tanh=is_tanh, rounding=context.operators.rounding)
    except ValueError:
        return None
    return context.operators.call(operator, context.value(context.input(0)))


@converter(*_CLAMPS, "LEAKY_RELU", "ABS")
def rescale16(context: OperatorContext) -> Any:
    """Those that change the scale, of int16."""
    tensors = _of_int16(context)
    if tensors is None or tensors[0].scale / tensors[1].scale >= 1 << 14:
        return None
    limits, below = None, 1.0
    if context.name in _CLAMPS:
        limits = limits_between(_CLAMPS[context.name], tensors[1])
    else:
        below = -1.0 if context.name == "ABS" else context.options.Alpha()
        if abs(below) > 1:
            return None
    operator = Rescale(context.name.lower(), *tensors, limits=limits, below=below)
    return context.operators.call(operator, context.value(context.input(0)))


def _of_int16(context: OperatorContext) -> tuple[QuantizedTensor, QuantizedTensor] | None:
    """The input and the output where both are int16 with zero point 0."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output, dtypes=("int16",)):
        return None
    require_result(context, *source.shape)
    if source.zero_point or output.zero_point:
        return None
    return quantized(source), quantized(output)


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
