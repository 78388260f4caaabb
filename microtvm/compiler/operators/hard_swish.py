# SPDX-License-Identifier: Apache-2.0
"""The table of a hard swish, x * min(max(x + 3, 0), 6) / 6, in LiteRT's own 16-bit arithmetic."""

from __future__ import annotations

import numpy as np

from .requantize import quantize_multiplier
from .tensor import QuantizedTensor


def hard_swish_table(input: QuantizedTensor, output: QuantizedTensor) -> np.ndarray:
    """For the smallest to the largest input.

    The input has 7 more bits of precision; the sigmoid-like factor is of 15 bits, with 3 in
    32768 steps.
    """
    low, high = input.limits
    fine = (np.arange(low, high + 1, dtype=np.int64) - input.zero_point) << 7
    fine_scale = np.float32(input.scale) / np.float32(128)
    factor, factor_shift = _short(fine_scale / (np.float32(3) / np.float32(32768)))
    scale, shift = _short(fine_scale / np.float32(output.scale))

    gate = _saturate(fine << max(factor_shift - 1, 0))
    gate = _high_product(gate, factor)
    if factor_shift > 0:
        gate = _saturate(gate << 1)
    elif factor_shift < 0:
        gate = _divide(gate, -factor_shift)
    gate = (gate + (1 << 15)) >> 1
    product = gate * _high_product(fine, scale)
    halved = np.sign(product) * (np.abs(product) >> 15)  # towards zero
    value = _divide(_saturate(halved), -shift) + output.zero_point
    clipped: np.ndarray = np.clip(value, *output.limits)
    return clipped.astype(output.dtype)


def _short(factor: np.float32) -> tuple[int, int]:
    """A multiplier of 15 bits and its shift."""
    multiplier, shift = quantize_multiplier(float(factor))
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), shift


def _saturate(values: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(values, -(1 << 15), (1 << 15) - 1)
    return clipped


def _high_product(values: np.ndarray, multiplier: int) -> np.ndarray:
    """Twice the product's high 16 bits, rounded half away from zero."""
    product = values * multiplier
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    halved: np.ndarray = np.sign(nudged) * (np.abs(nudged) >> 15)
    return _saturate(halved)


def _divide(values: np.ndarray, exponent: int) -> np.ndarray:
    """By a power of two, rounded half away from zero; a negative exponent multiplies."""
    if exponent <= 0:
        return _saturate(values << -exponent)
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (values < 0)
    result: np.ndarray = (values >> exponent) + ((values & mask) > threshold)
    return result
