# SPDX-License-Identifier: Apache-2.0
"""Scaling an int32 accumulator by a real number, in integers.

The number is ``multiplier * 2**(shift - 31)`` with a multiplier of 31 bits. LiteRT rounds the
product once, to nearest with halves upwards ("single"); its reference kernels and TensorFlow Lite
Micro round twice, first to the high word and then by the shift ("double").

Two further forms are LiteRT's alone, for int16: "upwards" rounds twice, halves upwards both times
(ruy, its matrix library, for sums of 32 bits); "short" rounds once, with a multiplier of 15 bits
(for sums of 64 bits).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

Rounding = Literal["single", "double"]
Form = Literal["single", "double", "upwards", "short"]


def quantize_multiplier(factor: float) -> tuple[int, int]:
    """The multiplier in [2^30, 2^31) and the shift that stand for a factor of at least 0.

    A factor below 2^-32 becomes zero. ``shift`` is positive for factors from 1 on, at most 30.
    """
    if factor == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(factor)
    multiplier = math.floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return (1 << 31) - 1, 30
    return multiplier, shift


def short_multiplier(multiplier: int) -> int:
    """A multiplier rounded to 15 bits, as LiteRT has it for sums of 64 bits."""
    return min((multiplier + (1 << 15)) >> 16, 0x7FFF)


def requantize(
    values: np.ndarray,
    multiplier: int | np.ndarray,
    shift: int | np.ndarray,
    rounding: Form = "single",
) -> np.ndarray:
    """``values * multiplier * 2**(shift - 31)``, rounded.

    Parameters
    ----------
    values : array of integers in int32's range
    multiplier, shift : int or array
        From `quantize_multiplier`; arrays are broadcast, one entry for each channel. For "short"
        from `short_multiplier`, with the shift that belongs to the long one.
    rounding : {"single", "double", "upwards", "short"}

    Returns
    -------
    array of int64
    """
    wide = values.astype(np.int64)
    multiplier = np.asarray(multiplier, np.int64)
    shift = np.asarray(shift, np.int64)
    if rounding == "single":
        total = 31 - shift
        once: np.ndarray = (wide * multiplier + (np.int64(1) << (total - 1))) >> total
        return once
    if rounding == "short":
        short: np.ndarray = (wide * multiplier + (np.int64(1) << (14 - shift))) >> (15 - shift)
        return short
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    if rounding == "upwards":
        high = ((wide << left) * multiplier + (1 << 30)) >> 31
        upwards: np.ndarray = (high + ((np.int64(1) << right) >> 1)) >> right
        return upwards
    product = (wide << left) * multiplier
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    nudged = product + nudge  # then divided by 2^31 towards zero, as C divides
    high = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    twice: np.ndarray = (high >> right) + ((high & mask) > threshold)
    return twice
