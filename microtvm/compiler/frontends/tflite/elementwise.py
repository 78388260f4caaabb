# SPDX-License-Identifier: Apache-2.0
"""Element-wise operators of integers that stand for themselves, which TVM's importer cannot."""

from __future__ import annotations

from typing import Any

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
