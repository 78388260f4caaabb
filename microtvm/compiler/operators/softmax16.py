# SPDX-License-Identifier: Apache-2.0
"""Softmax of int16 along the last axis, as LiteRT and TensorFlow Lite Micro compute it."""

from __future__ import annotations

import numpy as np

from .lookup import interpolate, interpolated_table
from .operator import Constant, Operator
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor

_TENTH = QuantizedTensor((), "int16", 10 / 65535, 32767)  # from -10 to 0
_UNIT = QuantizedTensor((), "int16", 1 / 65535, -32768)  # from 0 to 1
_RESULT = QuantizedTensor((), "int16", 2 / 65535)  # from -1 to 1


class Softmax16(Operator):
    """Softmax of an int16 tensor; the output has steps of 2^-15.

    Both functions in it, exp(x) and 1 / (1 + x), are straight lines between 513 results, and one
    exponential and the reciprocal of their sum have 15 bits.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of int16, with zero point 0.
    beta : float
        Factor of the input.

    Raises
    ------
    ValueError
        If a row is longer than 65,535, or the factor larger than 2.5.
    """

    name = "softmax"

    def __init__(self, input: QuantizedTensor, output: QuantizedTensor, beta: float = 1.0):
        self.inputs = (input,)
        self.output = output
        self._length = input.shape[-1]
        self._scale = quantize_multiplier(input.scale * beta / _TENTH.scale)
        if self._length > 65535 or self._scale[1] > 14:
            raise ValueError("a softmax of int16 with so long rows or so large a factor")
        self._powers = interpolated_table(np.exp, _TENTH, _RESULT, np.float64)
        self._inverses = interpolated_table(lambda x: 1 / (1 + x), _UNIT, _RESULT, np.float64)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        x = arrays[0].astype(np.int64)
        below = requantize(x - x.max(-1, keepdims=True), *self._scale, rounding="double")
        powers = interpolate(self._powers, np.maximum(below + 32767, -32768)).astype(np.int64)
        total = powers.sum(-1, keepdims=True)
        bits = np.frexp(total.astype(np.float64))[1].astype(np.int64)
        scaled = ((total << (31 - bits)) + (1 << 13)) >> 14
        inverse = interpolate(self._inverses, np.minimum(scaled - 98304, 32767)).astype(np.int64)
        right = bits - 1
        result = (powers * inverse + (1 << (right - 1))) >> right
        clipped: np.ndarray = np.clip(result, 0, 32767)
        return clipped.astype(np.int16)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h", "microtvm_lookup.h")

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("powers", self._powers), Constant("inverses", self._inverses))

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        rows, (multiplier, shift) = self.output.size // self._length, self._scale
        return f"""\
    for (int32_t row = 0; row < {rows}; ++row, x0 += {self._length}, out += {self._length}) {{
        int32_t largest = x0[0];
        for (int32_t i = 1; i < {self._length}; ++i) {{
            largest = x0[i] > largest ? x0[i] : largest;
        }}
        uint32_t total = 0;
        for (int32_t i = 0; i < {self._length}; ++i) {{
            int32_t place = mt_requantize_double(x0[i] - largest, {multiplier}, {shift}) + 32767;
            int32_t power = mt_interpolate({kernel}_powers, place < -32768 ? -32768 : place);
            out[i] = (int16_t)power;
            total += (uint32_t)power;
        }}
        int32_t zeros = 1; /* above the sum's highest bit */
        while ((total << zeros >> 31) == 0) {{
            ++zeros;
        }}
        int32_t place = (int32_t)((((uint64_t)total << (zeros - 1)) + (1u << 13)) >> 14) - 98304;
        int32_t inverse = mt_interpolate({kernel}_inverses, place > 32767 ? 32767 : place);
        int32_t right = 31 - zeros;
        for (int32_t i = 0; i < {self._length}; ++i) {{
            int32_t share = (out[i] * inverse + (1 << (right - 1))) >> right;
            out[i] = (int16_t)mt_clamp(share, 0, 32767);
        }}
    }}"""
