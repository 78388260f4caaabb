# SPDX-License-Identifier: Apache-2.0
"""Loops whose number of steps is known when a model is compiled: they are unrolled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import CompileError
from .context import OperatorContext
from .registry import converter

# A loop of more steps would make more code than a board's flash holds.
_STEPS_MAX = 256


@converter("WHILE")
def unrolled(context: OperatorContext) -> Any:
    carried = [context.input(i) for i in range(len(context.inputs))]
    values = [c.data if c.data is not None else context.value(c) for c in carried]
    for _ in range(_STEPS_MAX + 1):
        (condition,) = context.call(context.options.CondSubgraphIndex(), values)
        if not isinstance(condition, np.ndarray):
            raise CompileError(
                "its number of steps is not known when the model is compiled; a loop is unrolled, "
                "so its condition must depend on constants alone"
            )
        if not condition:
            return [context.constant_value(value) for value in values]
        values = context.call(context.options.BodySubgraphIndex(), values)
    raise CompileError(f"it takes more than {_STEPS_MAX} steps, each of which would be code")


@converter("CALL")
def inlined(context: OperatorContext) -> Any:
    given = [context.input(i) for i in range(len(context.inputs))]
    values = [t.data if t.data is not None else context.value(t) for t in given]
    results = context.call(context.options.Subgraph(), values)
    return [context.constant_value(value) for value in results]
