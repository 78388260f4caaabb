# SPDX-License-Identifier: Apache-2.0
"""What every frontend gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..interface import Interface
from ..operators import OperatorTable


@dataclass(frozen=True)
class State:
    """A tensor that a model keeps from one run to the next.

    Attributes
    ----------
    name : str
    initial : array
        Its value before the first run.
    """

    name: str
    initial: np.ndarray


@dataclass
class ImportedModel:
    """A model as a Relax module.

    Attributes
    ----------
    module : tvm.IRModule
        Its function ``main`` takes the inputs, then the states; weights are constants in it. It
        returns the outputs, then the states' next values.
    input_names, output_names : list of str
        As the model's author wrote them, in order.
    source : str
        What errors call the model: the file, or "the Relax module".
    operators : OperatorTable
        The operators of ours that the module calls.
    declared : Interface, optional
        What the file says of its inputs and outputs, read from the file itself; what was imported
        must agree with it.
    states : list of State
        What is kept from run to run.
    notes : list of str
        Sentences about what was assumed where the file leaves it open.
    """

    module: Any
    input_names: list[str]
    output_names: list[str]
    source: str
    operators: OperatorTable = field(default_factory=OperatorTable)
    declared: Interface | None = None
    states: list[State] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def default_output_names(count: int) -> list[str]:
    """Names of outputs that have none: ``output``, or ``output0``, ``output1``, ... ."""
    return ["output"] if count == 1 else [f"output{i}" for i in range(count)]
