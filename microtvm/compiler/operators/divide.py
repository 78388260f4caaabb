# SPDX-License-Identifier: Apache-2.0
"""Quotient of two quantized tensors, element by element."""

from __future__ import annotations

import numpy as np

from .elementwise import Binary
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor


class Div(Binary):
    """Quotient with LiteRT's roundings: a reciprocal by Newton's iteration, then two multipliers.

    Where the quotient is so small against the output's scale that a shift by 31 bits or more is
    due, LiteRT's answer is undefined (it was seen to be any number); here it is the nearest, 0 or
    one quantum. LiteRT refuses to divide by zero; here the result is the smallest or the largest.

    Parameters
    ----------
    a, b, output, limits
        As in `Binary`.
    """

    name = "div"

    def __init__(
        self,
        a: QuantizedTensor,
        b: QuantizedTensor,
        output: QuantizedTensor,
        limits: tuple[int, int] | None = None,
    ):
        super().__init__(a, b, output, limits)
        factor = np.float32(a.scale) / (np.float32(b.scale) * np.float32(output.scale))
        self._scale = quantize_multiplier(float(factor))

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = np.broadcast_arrays(
            *(x.astype(np.int64) - t.zero_point for x, t in zip(arrays, self.inputs, strict=True))
        )
        divisor, dividend = np.maximum(np.abs(b), 1), np.where(b < 0, -a, a)
        up, scale = _headroom(dividend), _headroom(divisor)
        quotient = requantize(dividend, reciprocal(divisor << scale), up, rounding="double")
        multiplier, shift = self._scale
        total = shift - (30 - scale) - up
        # A shift to the left comes behind what is beyond all limits already.
        scaled = requantize(quotient, multiplier, np.clip(total, -31, 0), rounding="double")
        scaled = np.where(total < -31, 0, scaled)
        beyond = np.where(a < 0, -(1 << 30), 1 << 30)
        return self._clip(np.where(b == 0, beyond, scaled) + self.output.zero_point)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h", "microtvm_divide.h")

    def statements(self, a: str, b: str, out: str) -> list[str]:
        zero = self.output.zero_point
        za, zb = (t.zero_point for t in self.inputs)
        multiplier, shift = self._scale
        low, high = self.low - zero, self.high - zero
        return [
            f"int32_t quotient = mt_divide((int32_t){a} - {za}, (int32_t){b} - {zb}, "
            f"{multiplier}, {shift}, {low}, {high});",
            f"{out} = ({self._c_type})(quotient + {zero});",
        ]


def _headroom(values: np.ndarray) -> np.ndarray:
    """How often values can be doubled within int32, at most 31 times."""
    size = np.where(values < 0, ~values, values)
    result: np.ndarray = 31 - np.frexp(size.astype(np.float64))[1].astype(np.int64)
    return result


def reciprocal(values: np.ndarray) -> np.ndarray:
    """2^61 / value for values in [2^30, 2^31), by Newton's iteration in steps of 2^-29."""
    result = 1515870810 + requantize(values, -1010580540, 0, "double")  # 48/17 - 32/17 x
    for _ in range(3):
        error = (1 << 29) - requantize(values, result, 0, "double")
        result = result + 4 * requantize(result, error, 0, "double")
    doubled: np.ndarray = np.minimum(2 * result, (1 << 31) - 1)
    return doubled
