# SPDX-License-Identifier: Apache-2.0
"""L2 normalization of int8 along the last axis."""

from __future__ import annotations

import numpy as np

from .operator import Operator
from .requantize import requantize
from .tensor import QuantizedTensor

_HALF_SQRT_2 = 1518500250  # in steps of 2^-31


class L2Normalization(Operator):
    """Each row divided by its length, in steps of 1/128, with LiteRT's fixed point.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of int8; the output has scale 1/128 and zero point 0.

    Raises
    ------
    ValueError
        If the output is quantized otherwise, or a row so long that its squares may need more than
        32 bits.
    """

    name = "l2_normalization"

    def __init__(self, input: QuantizedTensor, output: QuantizedTensor):
        self.inputs = (input,)
        self.output = output
        self._length = input.shape[-1]
        if output.scale != 1 / 128 or output.zero_point != 0:
            raise ValueError("the output of an L2 normalization has steps of 1/128")
        if self._length * 255**2 >= 2**31:
            raise ValueError("the squares of so many elements may need more than 32 bits")

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        rows = arrays[0].astype(np.int64).reshape(-1, self._length) - self.inputs[0].zero_point
        result = np.empty(rows.shape, np.int8)
        for i, row in enumerate(rows):
            multiplier, shift = inverse_sqrt(int((row * row).sum()))
            result[i] = np.clip(requantize(row, multiplier, shift + 7, "double"), -128, 127)
        return result.reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h", "microtvm_inverse_sqrt.h")

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        rows, zero = self.output.size // self._length, self.inputs[0].zero_point
        return f"""\
    for (int32_t row = 0; row < {rows}; ++row, x0 += {self._length}, out += {self._length}) {{
        int32_t squares = 0;
        for (int32_t i = 0; i < {self._length}; ++i) {{
            int32_t value = x0[i] - {zero};
            squares += value * value;
        }}
        int32_t shift;
        int32_t multiplier = mt_inverse_sqrt(squares, &shift);
        for (int32_t i = 0; i < {self._length}; ++i) {{
            int32_t value = mt_requantize_double(x0[i] - {zero}, multiplier, shift + 7);
            out[i] = (int8_t)mt_clamp(value, -128, 127);
        }}
    }}"""


def inverse_sqrt(value: int) -> tuple[int, int]:
    """Multiplier and shift, as in ``requantize.py``, of 1 / sqrt(value): Newton's, five times.

    ``c/microtvm_inverse_sqrt.h`` says the same in C.
    """
    if value <= 1:
        return (1 << 31) - 1, 0
    shift = -11
    while value >= 1 << 29:
        value, shift = value // 4, shift - 1
    while value < 1 << 27:
        value, shift = value << 2, shift + 1
    half = ((value >> 1) + 1) >> 1
    x = 1 << 28  # with three bits before the point
    for _ in range(5):
        cube = _saturate(_product(_product(x, x), x) << 6)
        x = _saturate((_product((1 << 28) + (1 << 27), x) - _product(half, cube)) << 3)
    x = _product(x, _HALF_SQRT_2)
    return (x << shift, 0) if shift > 0 else (x, shift)


def _product(a: int, b: int) -> int:
    """The high 32 bits of twice the product, rounded, halves upwards."""
    return (a * b + (1 << 30)) >> 31


def _saturate(value: int) -> int:
    return min(max(value, -(1 << 31)), (1 << 31) - 1)
