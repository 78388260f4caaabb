# SPDX-License-Identifier: Apache-2.0
"""Converters of ours, which come before TVM's.

A converter is a function in a file of this folder for its group of operators::

    @converter("ADD", "SUB")
    def elementwise(context: OperatorContext) -> Any:
        left, right = context.inputs
        if not left.quantized:
            return None
        return context.operators.call(Add(...), context.value(left), context.value(right))

It returns a Relax expression, a list of them for several outputs, or None to leave this operator
to the next converter of that name and at last to TVM's importer. Files are tried in the order of
`GROUPS`: those that compute in integers (``quantized_*.py``) stand first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .context import OperatorContext

Converter = Callable[[OperatorContext], Any]

# The files that hold converters, in the order in which they are asked.
GROUPS: tuple[str, ...] = (
    "quantized_compare",
    "quantized_elementwise",
    "quantized_layers",
    "quantized_lookup",
    "quantized_lstm",
    "quantized_matmul",
    "quantized_pool",
    "quantized_reduce",
    "quantized_resize",
    "quantized_softmax",
    "quantized_svdf",
    "quantized_transposed",
    "blocks",
    "boxes",
    "control",
    "dense",
    "elementwise",
    "gather",
    "moves",
    "pad",
    "recurrent",
    "order",
    "reduce",
    "requantize",
    "resize",
    "shape",
    "slices",
    "softmax",
    "state",
    "transposed",
)

_converters: dict[str, list[Converter]] = {}


def converter(*operators: str) -> Callable[[Converter], Converter]:
    """Register a function for builtin operators, by their names in schema.fbs."""

    def register(function: Converter) -> Converter:
        for operator in operators:
            _converters.setdefault(operator, []).append(function)
        return function

    return register


def converters(operator: str) -> list[Converter]:
    """The converters of ours for an operator, in the order in which they are asked."""
    for group in GROUPS:
        importlib.import_module(f".{group}", __package__)
    return _converters.get(operator, [])
