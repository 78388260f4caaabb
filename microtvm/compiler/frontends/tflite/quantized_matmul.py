# SPDX-License-Identifier: Apache-2.0
"""Products of quantized matrices, in integers."""

from __future__ import annotations

from typing import Any

from ...errors import CompileError
from ...operators.batch_matmul import BatchMatMul
from .context import OperatorContext
from .quantized import broadcast_shapes, in_integers, quantized, require_result
from .registry import converter


@converter("BATCH_MATMUL")
def batch_matmul(context: OperatorContext) -> Any:
    """Of int8 and int16; LiteRT scales the sums alike in all its kernels."""
    a, b, output = context.input(0), context.input(1), context.outputs[0]
    if not in_integers(a, b, output, dtypes=("int8", "int16")):
        return None
    if min(len(a.shape), len(b.shape)) < 2:
        return None
    turned = bool(context.options.AdjX()), bool(context.options.AdjY())
    (rows, depth), (other, columns) = (
        tensor.shape[-2:][::-1] if turn else tensor.shape[-2:]
        for tensor, turn in zip((a, b), turned, strict=True)
    )
    if depth != other:
        raise CompileError(f"its matrices of {a.shape} and {b.shape} do not go together")
    if output.dtype == "int16" and (a.zero_point or b.zero_point or output.zero_point):
        return None
    outer = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    require_result(context, *outer, rows, columns)
    try:
        operator = BatchMatMul(quantized(a), quantized(b), quantized(output), turned)
    except ValueError:
        return None
    return context.operators.call(operator, context.value(a), context.value(b))
