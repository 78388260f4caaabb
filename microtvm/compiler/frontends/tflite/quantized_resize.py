# SPDX-License-Identifier: Apache-2.0
"""Quantized images of another size, in integers."""

from __future__ import annotations

from typing import Any

from ...operators.resize_bilinear import ResizeBilinear
from .context import OperatorContext
from .quantized import in_integers, quantized, require_result
from .registry import converter


@converter("RESIZE_BILINEAR")
def bilinear(context: OperatorContext) -> Any:
    """Of int8, uint8 and int16."""
    source, output, size = context.input(0), context.outputs[0], context.constant(1)
    if not in_integers(source, output, dtypes=("int8", "uint8", "int16")) or size is None:
        return None
    if len(source.shape) != 4 or not source.same_quantization(output):
        return None
    require_result(context, source.shape[0], *map(int, size), source.shape[3])
    options = context.options
    operator = ResizeBilinear(
        quantized(source),
        quantized(output),
        bool(options.AlignCorners()),
        bool(options.HalfPixelCenters()),
        context.operators.rounding,
    )
    return context.operators.call(operator, context.value(source))
