# SPDX-License-Identifier: Apache-2.0
"""Softmax of quantized tensors, in integers."""

from __future__ import annotations

from typing import Any

from ...operators.log_softmax import LogSoftmax
from ...operators.softmax import Softmax
from ...operators.softmax16 import Softmax16
from .context import OperatorContext
from .quantized import in_integers, quantized, require_result
from .registry import converter


@converter("SOFTMAX")
def softmax(context: OperatorContext) -> Any:
    """Along the last axis."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output) or not source.shape:
        return None
    require_result(context, *source.shape)
    result = quantized(output)
    if result.scale != 1 / 256 or result.zero_point != result.limits[0]:
        return None
    operator = Softmax(quantized(source), result, context.options.Beta())
    return context.operators.call(operator, context.value(source))


@converter("SOFTMAX")
def softmax16(context: OperatorContext) -> Any:
    """Of int16, along the last axis."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output, dtypes=("int16",)) or not source.shape:
        return None
    require_result(context, *source.shape)
    a, b = quantized(source), quantized(output)
    if a.zero_point or b.zero_point or abs(b.scale * 32768 - 1) > 1e-3:
        return None
    try:
        operator = Softmax16(a, b, context.options.Beta())
    except ValueError:
        return None
    return context.operators.call(operator, context.value(source))


@converter("LOG_SOFTMAX")
def log_softmax(context: OperatorContext) -> Any:
    """Along the last axis."""
    source, output = context.input(0), context.outputs[0]
    if not in_integers(source, output) or not source.shape:
        return None
    require_result(context, *source.shape)
    result = quantized(output)
    if result.scale != 1 / 16 or result.zero_point != result.limits[1]:
        return None
    operator = LogSoftmax(quantized(source), result)
    return context.operators.call(operator, context.value(source))
