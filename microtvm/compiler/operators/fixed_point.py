# SPDX-License-Identifier: Apache-2.0
"""Functions of int16 in fixed point, with the roundings that LiteRT's default kernels have.

Those are gemmlowp's: products keep the high 16 bits, rounded to nearest with halves upwards; shifts
round halves away from zero. ``c/microtvm_fixed_point.h`` says the same in C. Arrays are of int64.
"""

from __future__ import annotations

import math

import numpy as np

_ONE = 32767  # the largest number below 1, in steps of 2^-15


def _constant(real: float, bits: int = 15) -> int:
    return math.floor(real * (1 << bits) + 0.5)


def saturate(values: np.ndarray) -> np.ndarray:
    """Within int16."""
    clipped: np.ndarray = np.clip(values, -32768, 32767)
    return clipped


def _product(a: np.ndarray | int, b: np.ndarray | int) -> np.ndarray:
    return saturate((np.asarray(a) * np.asarray(b) + (1 << 14)) >> 15)


def shifted(values: np.ndarray, by: int) -> np.ndarray:
    """Divided by 2^by, halves away from zero."""
    mask = (1 << by) - 1
    threshold = (mask >> 1) + (values < 0)
    result: np.ndarray = (values >> by) + ((values & mask) > threshold)
    return result


def exponential(values: np.ndarray, bits: int) -> np.ndarray:
    """exp of values <= 0 with ``bits`` bits after the point, in steps of 2^-15.

    A series of degree 4 around -1/8 for what is left of a multiple of 1/4; the multiple's bits are
    factors.
    """
    quarter = 1 << (bits - 2)
    part = (values & (quarter - 1)) - quarter
    rest = part - values
    x = (part << (15 - bits)) + (1 << 12)
    square = _product(x, x)
    cube, fourth = _product(square, x), _product(square, square)
    third = _product(shifted(fourth, 2) + cube, _constant(1 / 3))
    series = x + shifted(third + square, 1)
    middle = _constant(math.exp(-1 / 8))
    result = saturate(middle + _product(middle, series))
    for place in range(bits - 2, 15):
        factor = _constant(math.exp(-(2.0 ** (place - bits))))
        result = np.where(rest & (1 << place), _product(result, factor), result)
    return np.where(values == 0, _ONE, result)


def _inverse(values: np.ndarray) -> np.ndarray:
    """1 / (1 + x) for x in [0, 1): half of it in steps of 2^-14 before its last rounding."""
    half = (values + _ONE + 1) >> 1  # of 1 + x
    x = _constant(48 / 17, 13) + _product(half, _constant(-32 / 17, 13))
    for _ in range(3):  # Newton's, with 13 bits after the point
        error = (1 << 13) - _product(half, x)
        x = x + saturate(_product(x, error) << 2)
    return x


def logistic(values: np.ndarray) -> np.ndarray:
    """Of values with 12 bits after the point, in steps of 2^-15."""
    x = exponential(-np.abs(values), 12)
    positive = saturate(_inverse(x) << 1)
    result = np.where(values > 0, positive, _ONE - positive)
    return np.where(values == 0, 1 << 14, result)


def tanh(values: np.ndarray, bits: int = 12) -> np.ndarray:
    """Of values with so many bits after the point, 9 to 15, in steps of 2^-15."""
    x = exponential(-np.abs(values), bits - 1)
    positive = saturate((_inverse(x) - (1 << 13)) << 2)
    result = np.where(values < 0, -positive, positive)
    return np.where(values == 0, 0, result)
