# SPDX-License-Identifier: Apache-2.0
"""What a converter is given: one operator, its tensors, and the graph under construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError
from ...operators import OperatorTable
from .tensor import Tensor
from .variables import Variables


@dataclass(frozen=True)
class OperatorContext:
    """One operator of the file.

    Attributes
    ----------
    name : str
        The builtin operator, e.g. ``"CONV_2D"``; a custom operator's own name.
    operator : tflite.Operator
    inputs : tuple of Tensor or None
        None where an optional input is absent.
    outputs : tuple of Tensor
    intermediates : tuple of Tensor
        What the file says of values inside of the operator: an LSTM's gates and hidden state.
    options : object or None
        The operator's options table, e.g. a ``tflite.Conv2DOptions``; None where it has none.
    builder : tvm.relax.BlockBuilder
    operators : OperatorTable
        Of the model, for operators that run in integers: ``operators.call(operator, *values)``.
    value : function from Tensor to a Relax expression
        The tensor as it is stored: integers where the file has integers. Constants included.
    subgraph : int
        Number of the subgraph that holds the operator.
    variables : Variables
        What the model keeps from run to run.
    call : function
        Converts a subgraph in place: its number, and its inputs' values (arrays where they are
        constants, else Relax expressions), to its outputs' values.
    """

    name: str
    operator: Any
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    intermediates: tuple[Tensor, ...]
    options: Any
    builder: Any
    operators: OperatorTable
    value: Callable[[Tensor], Any]
    subgraph: int
    variables: Variables
    call: Callable[[int, list[Any]], list[Any]]

    def input(self, index: int) -> Tensor:
        """An input that must be there.

        Raises
        ------
        CompileError
            If the file leaves it out.
        """
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None:
            raise CompileError(f"its input {index} is missing")
        return tensor

    def has_input(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def constant(self, index: int) -> Any:
        """The value of an input that must be a constant, or None where it is not one."""
        tensor = self.inputs[index] if self.has_input(index) else None
        return None if tensor is None else tensor.data

    def constant_value(self, value: Any) -> Any:
        """A Relax expression for an array; anything else as it is."""
        if not isinstance(value, np.ndarray):
            return value
        relax: Any = load("tvm.relax", "compile models")
        return relax.const(value, value.dtype.name)

    def emit(self, expression: Any) -> Any:
        """Give an expression a variable, so that it can be used more than once."""
        return self.builder.emit(expression)
