# SPDX-License-Identifier: Apache-2.0
"""What calls of CMSIS-NN share: structures of arguments, buffers, what is exact."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import numpy as np

from ..accumulate import Accumulator
from ..operator import Constant, Operator
from ..requantize import Rounding

# Its loops count some sizes in 16 bits.
_MOST = 1 << 15


class CmsisCall(Operator):
    """An operator of ours whose C is a call; the oracle is that of ours."""

    @classmethod
    def of(cls, operator: Operator) -> CmsisCall:
        """The form of an operator of the base class."""
        result = cls.__new__(cls)
        vars(result).update(vars(operator))
        result.name = f"cmsis_nn_{operator.name}"
        return result

    @abc.abstractmethod
    def is_exact(self, rounding: Rounding) -> bool:
        """Whether the call gives the same integers on every core."""

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_cmsis_nn.h",)

    @property
    def status(self) -> str | None:
        return "mt_cmsis_nn_status"

    @property
    def overwritable(self) -> tuple[int, ...]:
        return ()

    def followed_by(self, other: Operator, operand: int) -> Operator | None:
        return None

    def _is_small(self, sizes: Sequence[int]) -> bool:
        tensors = (*self.inputs, self.output)
        return (
            all(tensor.dtype == "int8" for tensor in tensors)
            and all(size < _MOST for tensor in tensors for size in tensor.shape)
            and all(size < _MOST for size in sizes)
        )


def scales_are_exact(layer: Accumulator, rounding: Rounding) -> bool:
    """Whether CMSIS-NN scales a layer's sums as we do.

    Its MVE forms shift left in 32 bits, by one more than needed, before they multiply.
    """
    shift = max(int(layer.scales[:, 1].max()) + 1, 0)
    reach = 128 * np.abs(layer.weights.astype(np.int64)).sum(1) + np.abs(layer.bias)
    return layer.rounding == rounding and int(reach.max()) << shift < 2**31


def given_bias(layer: Accumulator, zero_point: int) -> np.ndarray:
    """The bias without the input's zero point, which CMSIS-NN adds for itself."""
    bias: np.ndarray = layer.bias + zero_point * layer.weights.astype(np.int64).sum(1)
    return bias.astype(np.int32)


def scales_constants(scales: np.ndarray) -> tuple[Constant, Constant]:
    """Multipliers and shifts, as the C array that each is there."""
    multipliers, shifts = np.ascontiguousarray(scales.T)
    return Constant("multipliers", multipliers), Constant("shifts", shifts)


def rounding_assertion(rounding: Rounding) -> str:
    """A C declaration that fails where CMSIS-NN is compiled for the other rounding."""
    wanted = int(rounding == "single")
    how = "with" if wanted else "without"
    return (
        f"    _Static_assert(MT_CMSIS_NN_SINGLE_ROUNDING == {wanted},\n"
        f'        "compile CMSIS-NN and this {how} CMSIS_NN_USE_SINGLE_ROUNDING");'
    )


def structure(kind: str, name: str, *values: object) -> str:
    """A constant of one of CMSIS-NN's structures; pairs (y, x) are its tiles {w, h}."""
    texts = [f"{{{v[1]}, {v[0]}}}" if isinstance(v, tuple) else str(v) for v in values]
    return f"    static const cmsis_nn_{kind} {name} = {{{', '.join(texts)}}};"


def channel_scales(kernel: str) -> str:
    """The structure ``scales`` around what `scales_constants` holds for each channel."""
    arrays = [f"(int32_t *){kernel}_{name}" for name in ("multipliers", "shifts")]
    return structure("per_channel_quant_params", "scales", *arrays)


def limits(low: int, high: int) -> str:
    """Initializer of a ``cmsis_nn_activation``."""
    return f"{{{low}, {high}}}"
