# SPDX-License-Identifier: Apache-2.0
"""Padding of quantized tensors: with the zero point, which stands for 0."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("PAD", "PADV2")
def pad(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, target = context.input(0), context.outputs[0]
    amounts = context.constant(1)
    if amounts is None or not source.same_quantization(target):
        return None
    value = float(source.zero_point) if source.quantized else 0.0
    if context.has_input(2):
        given = context.input(2)
        if given.data is None or (given.quantized and not given.same_quantization(source)):
            return None
        value = float(given.data.reshape(-1)[0])
    widths = [int(width) for width in amounts.reshape(-1)]
    return relax.op.nn.pad(context.value(source), widths, pad_mode="constant", pad_value=value)
