# SPDX-License-Identifier: Apache-2.0
"""Element-wise operators of integers that stand for themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("SQUARED_DIFFERENCE")
def squared_difference(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    a, b = context.input(0), context.input(1)
    if a.quantized or b.quantized or a.dtype == "float32":
        return None
    difference = context.emit(relax.op.subtract(context.value(a), context.value(b)))
    return relax.op.multiply(difference, difference)


@converter("CAST")
def cast(context: OperatorContext) -> Any:
    """Of the numbers as they are stored: LiteRT does not ask what integers stand for.

    Floats beyond what a narrow integer holds become its smallest or largest, as LiteRT has it.
    """
    relax: Any = load("tvm.relax", "compile models")
    source, target = context.input(0), context.outputs[0]
    value = context.value(source)
    if source.dtype == "float32" and target.dtype in ("int8", "uint8", "int16", "uint16"):
        limits = np.iinfo(target.dtype)
        wide = context.emit(relax.op.astype(value, "int32"))
        value = context.emit(relax.op.clip(wide, int(limits.min), int(limits.max)))
    return relax.op.astype(value, target.dtype)
