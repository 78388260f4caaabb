# SPDX-License-Identifier: Apache-2.0
"""QUANTIZE and DEQUANTIZE of types that run in no integers of ours."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .quantization import real, stored
from .registry import converter


@converter("QUANTIZE")
def quantize_or_requantize(context: OperatorContext) -> Any:
    source, target = context.input(0), context.outputs[0]
    if not target.quantized or not (source.quantized or source.dtype == "float32"):
        return None
    return stored(context, real(context, 0))


@converter("DEQUANTIZE")
def dequantize(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source = context.input(0)
    if source.dtype == "float16":
        return relax.op.astype(context.value(source), "float32")
    return real(context, 0) if source.quantized else None
