# SPDX-License-Identifier: Apache-2.0
"""Control flow becomes straight lines: loops are unrolled, both of two branches are computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
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


@converter("IF")
def branches(context: OperatorContext) -> Any:
    """Both branches run and one's results are taken, where the condition is no constant."""
    relax: Any = load("tvm.relax", "compile models")
    condition = context.constant(0)
    given = [context.input(i) for i in range(1, len(context.inputs))]
    values = [t.data if t.data is not None else context.value(t) for t in given]
    numbers = context.options.ThenSubgraphIndex(), context.options.ElseSubgraphIndex()
    if condition is not None:
        number = numbers[0] if condition.reshape(-1)[0] else numbers[1]
        return [context.constant_value(value) for value in context.call(number, values)]
    before = context.variables.next_values
    both = [context.call(number, values) for number in numbers]
    before += context.variables.parameters[len(before) :]
    if any(a is not b for a, b in zip(before, context.variables.next_values, strict=True)):
        raise CompileError("a branch assigns a variable, and both branches are computed")
    chosen = context.emit(relax.op.reshape(context.value(context.input(0)), ()))
    return [
        relax.op.where(chosen, context.constant_value(a), context.constant_value(b))
        for a, b in zip(*both, strict=True)
    ]


@converter("CALL")
def inlined(context: OperatorContext) -> Any:
    given = [context.input(i) for i in range(len(context.inputs))]
    values = [t.data if t.data is not None else context.value(t) for t in given]
    results = context.call(context.options.Subgraph(), values)
    return [context.constant_value(value) for value in results]
