# SPDX-License-Identifier: Apache-2.0
"""What a model keeps from run to run, while the model is imported."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError
from ..imported import State
from .tensor import Tensor


@dataclass
class _Variable:
    name: str
    initial: np.ndarray
    parameter: Any
    current: Any


class Variables:
    """The variables of a model: resource variables by name, variable tensors by index.

    Each is a parameter of ``main``, and its last value in a run is returned.

    Attributes
    ----------
    handles : dict
        The variable that a resource tensor of a subgraph stands for.
    initializing : bool
        Whether CALL_ONCE is being read: what is assigned is the value before the first run.
    """

    def __init__(self) -> None:
        self.handles: dict[tuple[int, int], Hashable] = {}
        self.initializing = False
        self._initial: dict[Hashable, np.ndarray] = {}
        self._variables: dict[Hashable, _Variable] = {}

    def read(self, key: Hashable, tensor: Tensor) -> Any:
        """The value that a variable has now; ``tensor`` has its type."""
        variable = self._variable(key, tensor)
        if variable.parameter.ty != variable.current.ty:
            raise CompileError(f"the variable {variable.name} changes its shape")
        return variable.current

    def assign(self, key: Hashable, tensor: Tensor, value: Any) -> None:
        """Give a variable a value; ``tensor`` has its type and, in CALL_ONCE, the constant."""
        if self.initializing:
            if tensor.data is None:
                raise CompileError("a variable is initialized with what is not a constant")
            self._initial[key] = tensor.data
            return
        variable = self._variable(key, tensor)
        if tensor.shape != variable.initial.shape or tensor.dtype != variable.initial.dtype.name:
            raise CompileError(f"the variable {variable.name} changes its shape or type")
        variable.current = value

    def _variable(self, key: Hashable, tensor: Tensor) -> _Variable:
        if key not in self._variables:
            relax: Any = load("tvm.relax", "compile models")
            initial = self._initial.get(key)
            if initial is None:
                initial = np.zeros(tensor.shape, tensor.dtype)
            if initial.shape != tensor.shape or initial.dtype.name != tensor.dtype:
                raise CompileError(f"the variable {key} changes its shape or type")
            name = f"state{len(self._variables)}"
            parameter = relax.Var(name, relax.TensorType(tensor.shape, tensor.dtype))
            self._variables[key] = _Variable(name, initial, parameter, parameter)
        return self._variables[key]

    def start(self, key: Hashable, value: np.ndarray) -> None:
        """Say what a variable is before the first run, where no CALL_ONCE does."""
        self._initial.setdefault(key, value)

    @property
    def states(self) -> list[State]:
        """Names and first values."""
        return [State(v.name, v.initial) for v in self._variables.values()]

    @property
    def parameters(self) -> list[Any]:
        """Variables of ``main`` that stand for the values at the start of a run."""
        return [v.parameter for v in self._variables.values()]

    @property
    def next_values(self) -> list[Any]:
        """Their values at its end."""
        return [v.current for v in self._variables.values()]
