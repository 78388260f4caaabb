# SPDX-License-Identifier: Apache-2.0
"""Softmax in float, with its beta, which TVM's importer does not read."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .quantization import real, stored
from .registry import converter


@converter("SOFTMAX")
def softmax(context: OperatorContext) -> Any:
    """Along the last axis, of the input times beta."""
    relax: Any = load("tvm.relax", "compile models")
    value, beta = real(context, 0), context.options.Beta()
    if beta != 1:
        value = context.emit(relax.op.multiply(value, relax.const(beta, "float32")))
    return stored(context, relax.op.nn.softmax(value, axis=-1))
