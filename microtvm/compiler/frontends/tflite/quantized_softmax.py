# SPDX-License-Identifier: Apache-2.0
"""Softmax of quantized tensors, in integers."""

from __future__ import annotations

from typing import Any

from ...operators.softmax import Softmax
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
