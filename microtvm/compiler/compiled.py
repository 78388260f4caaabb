# SPDX-License-Identifier: Apache-2.0
"""What `compile` gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .operators.requantize import Rounding
from .program import TensorInfo

if TYPE_CHECKING:
    from .verify.verification import Verification


@dataclass(frozen=True)
class KernelInfo:
    """A kernel's C name, and the bytes of the arena that it needs besides its operands."""

    name: str
    workspace_bytes: int


@dataclass(frozen=True)
class LayerInfo:
    """One call of the compiled model.

    Attributes
    ----------
    operator : str
    shape : tuple of int
        Of its (first) result.
    macs : int or None
        Multiply-accumulate operations; None for what TVM's kernels do, which is not counted.
    weight_bytes : int
    integers : bool
        Whether it computes no float.
    arena_bytes : int
        Bytes of the arena that are in use while it runs.
    """

    operator: str
    shape: tuple[int, ...]
    macs: int | None
    weight_bytes: int
    integers: bool
    arena_bytes: int


@dataclass(frozen=True)
class CompiledModel:
    """A model as C, ready to be exported. Holds no TVM objects.

    Attributes
    ----------
    name : str
        The model's name in the archive and in C.
    inputs, outputs : tuple of TensorInfo
        Name, shape, dtype and nbytes of each.
    kernels : tuple of KernelInfo
    constant_bytes : int
        Bytes of weights, which lie in flash.
    workspace_bytes : int
        Bytes of the one static arena, which holds all activations.
    workspace_with_io_bytes : int
        Bytes of the arena where inputs and outputs lie in it (`microtvm.compiler.shared_arena`).
    files : dict of str to bytes
        Contents of the archive by path, all but ``metadata.json``.
    verification : Verification or None
        What the check beside the model's own runtime found, where it was asked for.
    cmsis_nn : {"single", "double"}, optional
        How the CMSIS-NN that it calls has to round; None where it calls none.
    layers : tuple of LayerInfo
        In the order in which they run.
    seconds : dict of str to float
        Where the time of compiling went: importing ``"tvm"``, reading the ``"model"``, making the
        ``"code"`` and the ``"check"``.
    notes : tuple of str
        Sentences about what was assumed where the model's file leaves it open.
    """

    name: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    kernels: tuple[KernelInfo, ...]
    constant_bytes: int
    workspace_bytes: int
    workspace_with_io_bytes: int
    files: dict[str, bytes] = field(repr=False)
    verification: Verification | None = None
    layers: tuple[LayerInfo, ...] = ()
    cmsis_nn: Rounding | None = None
    seconds: dict[str, float] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = ()
