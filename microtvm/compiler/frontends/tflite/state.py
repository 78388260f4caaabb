# SPDX-License-Identifier: Apache-2.0
"""Resource variables, which keep a value from run to run."""

from __future__ import annotations

from typing import Any

from ...errors import CompileError
from .context import OperatorContext
from .registry import converter


@converter("VAR_HANDLE")
def var_handle(context: OperatorContext) -> Any:
    names = b"", b""
    if context.options is not None:
        names = context.options.Container() or b"", context.options.SharedName() or b""
    key = names if any(names) else (context.subgraph, context.outputs[0].index)
    context.variables.handles[context.subgraph, context.outputs[0].index] = key
    return []


def _key(context: OperatorContext) -> Any:
    handle = context.subgraph, context.input(0).index
    if handle not in context.variables.handles:
        raise CompileError("its variable comes from no VAR_HANDLE of the same graph")
    return context.variables.handles[handle]


@converter("READ_VARIABLE")
def read_variable(context: OperatorContext) -> Any:
    return context.variables.read(_key(context), context.outputs[0])


@converter("ASSIGN_VARIABLE")
def assign_variable(context: OperatorContext) -> Any:
    tensor = context.input(1)
    context.variables.assign(_key(context), tensor, context.value(tensor))
    return []


@converter("CALL_ONCE")
def call_once(context: OperatorContext) -> Any:
    context.variables.initializing = True
    try:
        context.call(context.options.InitSubgraphIndex(), [])
    finally:
        context.variables.initializing = False
    return []
