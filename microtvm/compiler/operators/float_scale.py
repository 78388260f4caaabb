# SPDX-License-Identifier: Apache-2.0
"""Scaling an integer by a float32, with the roundings of float32, in integers.

LiteRT's default kernels (XNNPACK) requantize products as ``lrintf((float)value * scale)``: the
value is rounded to 24 bits, the product again, and then to an integer, every time to nearest with
ties to even. Means and sums are ``lrintf((float)value * scale + offset)``, where the sum is rounded
to 24 bits as well; of int16, which XNNPACK has not, halves go away from zero. A chip without an FPU
gets the same answer from 64-bit integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_BITS = 40  # after the point, of an offset


def float_scale(factor: float) -> tuple[int, int]:
    """Mantissa of 24 bits and right shift: float32(factor) = mantissa * 2**-shift."""
    mantissa, exponent = math.frexp(float(np.float32(factor)))
    return int(mantissa * (1 << 24)), 24 - exponent


def scale_as_float(values: np.ndarray, factor: float) -> np.ndarray:
    """``lrintf((float)value * (float)factor)`` as int64."""
    product: np.ndarray = values.astype(np.float32) * np.float32(factor)
    rounded: np.ndarray = np.rint(product)
    return rounded.astype(np.int64)


@dataclass(frozen=True)
class LineAsFloat:
    """``lrintf((float)value * factor + offset)``, or ``roundf`` of it.

    The C has 40 bits after the point. Where a float32 has a bit below them, it is below 2^-16, and
    the answer the same but where the sum lies in the middle between two float32.

    Raises
    ------
    ValueError
        If the offset is 2^21 or more away from zero.
    """

    factor: float
    offset: float
    away: bool = False

    def __post_init__(self) -> None:
        if abs(self.offset) >= 1 << 21:
            raise ValueError(f"an offset of {self.offset} quanta")

    def compute(self, values: np.ndarray) -> np.ndarray:
        """As int64."""
        product = values.astype(np.float32) * np.float32(self.factor)
        total = product + np.float32(self.offset)
        result: np.ndarray = np.trunc(2 * total) - np.trunc(total) if self.away else np.rint(total)
        return result.astype(np.int64)

    def text(self, value: str, low: int, high: int) -> str:
        """C text for an int32, clamped to at most 16 bits; needs microtvm_float_scale.h."""
        mantissa, shift = float_scale(self.factor)
        offset = f"INT64_C({round(math.ldexp(self.offset, _BITS))})"
        name = "mt_line_as_float_away" if self.away else "mt_line_as_float"
        return f"{name}({value}, {mantissa}, {shift}, {offset}, {low}, {high})"
