# SPDX-License-Identifier: Apache-2.0
"""A lowered model as the C emitters read it: kernels called in order on tensors in memory.

Nothing here depends on TVM except those kernels' bodies that are its functions.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .dtypes import itemsize
from .operators import Operator


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a model.

    Attributes
    ----------
    name : str
        As the model's author wrote it.
    shape : tuple of int
    dtype : str
        NumPy's name, e.g. ``"int8"``.
    scale, zero_point : float and int, optional
        An integer q stands for ``scale * (q - zero_point)``; None where it is not quantized.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None

    @property
    def nbytes(self) -> int:
        """Size in bytes of the dense tensor."""
        return math.prod(self.shape) * itemsize(self.dtype)


class Space(enum.Enum):
    """Where a tensor lives."""

    INPUT = "input"
    OUTPUT = "output"
    CONSTANT = "constant"
    ARENA = "arena"
    STATE = "state"


@dataclass(frozen=True)
class Place:
    """A tensor's memory: entry ``index`` of a space (an arena entry is a block of the plan)."""

    space: Space
    index: int


@dataclass(frozen=True)
class Block:
    """Bytes of the arena that hold a value from call ``first`` to call ``last``, both included."""

    nbytes: int
    first: int
    last: int


@dataclass
class Kernel:
    """One C function.

    Attributes
    ----------
    name : str
        Name of the C function.
    operator : str
        What TVM calls it, the operators fused in it; or the name of an operator of ours.
    body : tvm.tirx.PrimFunc or Operator
        A lowered function, whose parameters are inputs, then outputs; or an operator of ours.
    temporaries : list of int
        Bytes of each buffer that the kernel needs while it runs, passed after its parameters.
    """

    name: str
    operator: str
    body: Any
    temporaries: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """A kernel run on tensors: its parameters, then its temporaries; and its result's shape."""

    kernel: Kernel
    arguments: tuple[Place, ...]
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Copy:
    """An output that no kernel writes itself: a copy of an input, a constant, another output.

    Or a state's next value. Copies are made in order after all calls.
    """

    target: Place
    source: Place
    nbytes: int


@dataclass(frozen=True)
class SharedArena:
    """The arena once more, with the model's inputs and outputs in it.

    Attributes
    ----------
    offsets, inputs, outputs : list of int
        Where the program's blocks, its inputs and its outputs lie.
    nbytes : int
    """

    offsets: list[int]
    inputs: list[int]
    outputs: list[int]
    nbytes: int


@dataclass
class Program:
    """A model as calls in order. ``offsets[i]`` is where ``blocks[i]`` lies in the arena.

    ``states`` are the first values of the tensors that are kept from run to run; ``shared`` is the
    arena for firmware that wants inputs and outputs in it (`microtvm.compiler.shared_arena`).
    """

    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    constants: list[np.ndarray]
    kernels: list[Kernel]
    calls: list[Call]
    copies: list[Copy]
    blocks: list[Block]
    offsets: list[int]
    arena_bytes: int
    states: list[np.ndarray] = field(default_factory=list)
    shared: SharedArena | None = None

    @property
    def state_bytes(self) -> int:
        """Bytes of static memory that is kept from run to run."""
        return sum(array.nbytes for array in self.states)

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants, those of operators included."""
        return sum(array.nbytes for array in self.constants) + sum(
            kernel.body.weight_bytes for kernel in self.kernels if isinstance(kernel.body, Operator)
        )
