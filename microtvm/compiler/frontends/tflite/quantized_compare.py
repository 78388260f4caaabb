# SPDX-License-Identifier: Apache-2.0
"""Comparisons of quantized tensors, in integers."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from ...errors import CompileError
from ...operators import QuantizedTensor
from ...operators.compare import Compare
from .context import OperatorContext
from .quantized import broadcast, in_integers, quantized, require_result
from .registry import converter


@converter("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
def comparison(context: OperatorContext) -> Any:
    """Of two tensors, each of its own scale; of int16, LiteRT compares the integers themselves."""
    a, b, output = context.input(0), context.input(1), context.outputs[0]
    if in_integers(a, b, dtypes=("int16",)):
        if not a.same_quantization(b):
            raise CompileError(
                "its int16 operands have different scales, which LiteRT does not heed; requantize "
                "one of them first"
            )
        relax: Any = load("tvm.relax", "compile models")
        return getattr(relax.op, context.name.lower())(context.value(a), context.value(b))
    if not in_integers(a, b) or a.scale >= 1 or b.scale >= 1:
        return None
    require_result(context, *broadcast(a, b))
    result = QuantizedTensor(output.shape, "bool")
    operator = Compare(context.name.lower(), quantized(a), quantized(b), result)
    return context.operators.call(operator, context.value(a), context.value(b))
