# SPDX-License-Identifier: Apache-2.0
"""Scaling an integer by a float32, with the roundings of float32, in integers.

LiteRT's default kernels (XNNPACK) requantize products and means as ``lrintf((float)value *
scale)``: the value is rounded to 24 bits, the product again, and then to an integer, every time to
nearest with ties to even. A chip without an FPU gets the same answer from 64-bit integers.
"""

from __future__ import annotations

import math

import numpy as np


def float_scale(factor: float) -> tuple[int, int]:
    """Mantissa of 24 bits and right shift: float32(factor) = mantissa * 2**-shift."""
    mantissa, exponent = math.frexp(float(np.float32(factor)))
    return int(mantissa * (1 << 24)), 24 - exponent


def scale_as_float(values: np.ndarray, factor: float) -> np.ndarray:
    """``lrintf((float)value * (float)factor)`` as int64."""
    product: np.ndarray = values.astype(np.float32) * np.float32(factor)
    rounded: np.ndarray = np.rint(product)
    return rounded.astype(np.int64)
