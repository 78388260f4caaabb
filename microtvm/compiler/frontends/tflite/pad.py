# SPDX-License-Identifier: Apache-2.0
"""Padding: quantized tensors with the zero point, which stands for 0; mirrors of either mode."""

from __future__ import annotations

from typing import Any

import numpy as np

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


@converter("MIRROR_PAD")
def mirror_pad(context: OperatorContext) -> Any:
    """What is taken from where is known when a model is compiled."""
    relax: Any = load("tvm.relax", "compile models")
    source, widths = context.input(0), context.constant(1)
    if not source.same_quantization(context.outputs[0]):
        return None
    value = context.value(source)
    mode: Any = "reflect" if context.options.Mode() == 0 else "symmetric"
    for axis, (before, after) in enumerate(widths.tolist()):
        if before or after:
            places = np.pad(np.arange(source.shape[axis]), (before, after), mode)
            value = context.emit(relax.op.take(value, relax.const(places), axis=axis, mode="clip"))
    return value
