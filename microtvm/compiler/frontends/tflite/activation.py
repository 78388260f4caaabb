# SPDX-License-Identifier: Apache-2.0
"""The activation that an operator applies to its own result."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .context import OperatorContext


def activated(context: OperatorContext, value: Any, kind: int) -> Any:
    """A float result after ``ActivationFunctionType`` ``kind``; None for one that is unknown."""
    relax: Any = load("tvm.relax", "compile models")
    clips = {2: (-1.0, 1.0), 3: (0.0, 6.0)}
    if kind == 0:
        return value
    value = context.emit(value)
    if kind == 1:
        return relax.op.nn.relu(value)
    if kind in clips:
        return relax.op.clip(value, *clips[kind])
    return relax.op.tanh(value) if kind == 4 else None
