# SPDX-License-Identifier: Apache-2.0
"""The base class of operators that run in integers."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np

from ..dtypes import element_type
from ..emit.literals import initializer
from .tensor import QuantizedTensor


@dataclass(frozen=True)
class Constant:
    """An array that lies in flash, laid out as the kernel reads it.

    Attributes
    ----------
    name : str
        The kernel's name and this one make the name of the C array.
    plain : array
        For every core that has no array of its own below.
    dsp, mve : array, optional
        Instead of it where ``__ARM_FEATURE_DSP``, ``__ARM_FEATURE_MVE`` is set. Types may differ.
    """

    name: str
    plain: np.ndarray
    dsp: np.ndarray | None = None
    mve: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the largest form: a core's flash holds one of them."""
        return max(a.nbytes for a in (self.plain, self.dsp, self.mve) if a is not None)

    def text(self, kernel: str) -> str:
        """C definition of ``<kernel>_<name>``."""
        forms = [
            ("defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE", self.mve),
            ("defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP", self.dsp),
        ]
        lines: list[str] = []
        for condition, array in forms:
            if array is not None:
                lines += [f"#{'el' if lines else ''}if {condition}", self._array(kernel, array)]
        if not lines:
            return self._array(kernel, self.plain)
        return "\n".join([*lines, "#else", self._array(kernel, self.plain), "#endif"])

    def _array(self, kernel: str, array: np.ndarray) -> str:
        c = element_type(array.dtype.name).storage
        return (
            f"static MICROTVM_FLASH _Alignas(16) {c} {kernel}_{self.name}[{array.size}] = {{\n"
            f"{initializer(array)}\n}};"
        )


class Operator(abc.ABC):
    """One operator of a model on tensors of known type: what it computes, and its C.

    The C is a function ``static void <name>(const T0 *x0, ..., T *out)`` on dense row-major
    tensors, with a last parameter ``int8_t *scratch`` (aligned to 16 bytes) where `scratch_bytes`
    is not 0. It may call what the headers named in `headers` define, which lie in ``c/``. Elements
    of another size than the tensors' are written to scratch memory through pointers that
    ``MT_APART`` was applied to.

    Attributes
    ----------
    name : str
        What reports and C names call it, e.g. ``"conv2d"``.
    inputs : tuple of QuantizedTensor
        The operands that are known at run time only. Weights are the operator's own.
    output : QuantizedTensor
    """

    name: str
    inputs: tuple[QuantizedTensor, ...]
    output: QuantizedTensor

    @abc.abstractmethod
    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """What the C computes, in NumPy: the oracle of its tests. Shapes and types as declared."""

    @abc.abstractmethod
    def body(self, kernel: str) -> str:
        """Statements of the C function, indented by four; constants are ``<kernel>_<name>``."""

    @property
    def headers(self) -> tuple[str, ...]:
        """Files of ``c/`` that the statements need, in the order to include them."""
        return ()

    @property
    def constants(self) -> tuple[Constant, ...]:
        """Weights and tables."""
        return ()

    @property
    def scratch_bytes(self) -> int:
        """Bytes of the arena that it needs while it runs."""
        return 0

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations of one run."""
        return 0

    @property
    def status(self) -> str | None:
        """A C variable of its headers that is not 0 when the operator failed; None if it cannot."""
        return None

    @property
    def overwritable(self) -> tuple[int, ...]:
        """Inputs over which the output may be written, when nothing else needs them."""
        return ()

    def followed_by(self, other: Operator, operand: int) -> Operator | None:
        """One operator for this one and another that alone reads its result; None where none is.

        Its inputs are those of this operator, then the other ones of ``other`` in order.

        Parameters
        ----------
        other : Operator
        operand : int
            Which input of ``other`` the result is.
        """
        return None

    @property
    def runs_in_integers(self) -> bool:
        """Whether no float is computed on the device."""
        return True

    @property
    def weight_bytes(self) -> int:
        """Bytes of flash that its constants take."""
        return sum(constant.nbytes for constant in self.constants)

    def emit(self, kernel: str) -> str:
        """C definitions of the constants and of the function called ``kernel``."""
        constants = [constant.text(kernel) for constant in self.constants]
        return "\n".join([*constants, f"{self._signature(kernel)} {{", self.body(kernel), "}"])

    def _signature(self, kernel: str) -> str:
        parameters = []
        for index, tensor in enumerate(self.inputs):
            # What the output may be written over aliases it.
            restrict = "" if index in self.overwritable else "restrict "
            parameters.append(f"const {element_type(tensor.dtype).storage} *{restrict}x{index}")
        restrict = "" if self.overwritable else "restrict "
        parameters.append(f"{element_type(self.output.dtype).storage} *{restrict}out")
        if self.scratch_bytes:
            parameters.append("int8_t *restrict scratch")
        return f"static void {kernel}({', '.join(parameters)})"
