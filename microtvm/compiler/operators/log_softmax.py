# SPDX-License-Identifier: Apache-2.0
"""Logarithm of softmax along the last axis."""

from __future__ import annotations

import math

import numpy as np

from .operator import Constant, Operator
from .tensor import QuantizedTensor

_BITS = 20  # of the logarithm to base 2, after the point
_LARGEST = 600  # quanta: more than there are, and than a zero point can add


class LogSoftmax(Operator):
    """Logarithm of the softmax of an 8-bit tensor.

    LiteRT computes it in float32 by default. Here exponentials come from a table in fixed point,
    and the logarithm of their sum by squaring, to 2^-16 of a quantum of 1/16, as LiteRT's output
    has: the same integers but for results so near to a half.

    Parameters
    ----------
    input, output : QuantizedTensor

    Raises
    ------
    ValueError
        If a quantum of the output is so small that too few bits are left after the point.
    """

    name = "log_softmax"

    def __init__(self, input: QuantizedTensor, output: QuantizedTensor):
        self.inputs = (input,)
        self.output = output
        self._length = input.shape[-1]
        self._sum_bits = min(23, 31 - math.ceil(math.log2(self._length)))
        distance = np.arange(256, dtype=np.float64) * input.scale
        self._table = np.rint(np.exp(-distance) * 2**self._sum_bits).astype(np.uint32)
        # Quanta from the logarithm of the sum, and from the distance to the largest element.
        most = math.log(self._length) / output.scale + _LARGEST
        self._bits = min(20, 29 - math.ceil(math.log2(most)))
        if self._bits < 8:
            raise ValueError(f"a log_softmax in steps of {output.scale}")
        self._step = min(round(input.scale / output.scale * 2**self._bits), 1 << 30)
        self._far = min(255, math.ceil((_LARGEST << self._bits) / max(self._step, 1)))
        self._quanta_of_octave = round(math.log(2) / output.scale * 2**self._bits)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        x = arrays[0].astype(np.int64)
        distance = x.max(-1, keepdims=True) - x
        total = self._table[distance].astype(np.int64).sum(-1, keepdims=True)
        octaves = np.frexp(total.astype(np.float64))[1].astype(np.int64) - 1
        mantissa = total << (31 - octaves)
        logarithm = octaves - self._sum_bits
        for _ in range(_BITS):
            mantissa = np.right_shift(mantissa.astype(np.uint64) ** 2, np.uint64(31)).astype(
                np.int64
            )
            above = mantissa >> 32
            mantissa >>= above
            logarithm = 2 * logarithm + above
        start = (logarithm * self._quanta_of_octave + (1 << (_BITS - 1))) >> _BITS
        below = start + np.minimum(distance, self._far) * self._step
        below = (below + (1 << (self._bits - 1))) >> self._bits
        result: np.ndarray = np.clip(self.output.zero_point - below, *self.output.limits)
        return result.astype(self.output.dtype)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("powers", self._table),)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        rows, half = self.output.size // self._length, 1 << (self._bits - 1)
        quanta = f"(int64_t)logarithm * {self._quanta_of_octave} + {1 << (_BITS - 1)}"
        low, high = self.output.limits
        result = f"mt_clamp({self.output.zero_point} - below, {low}, {high})"
        return f"""\
    for (int32_t row = 0; row < {rows}; ++row, x0 += {self._length}, out += {self._length}) {{
        int32_t largest = x0[0];
        for (int32_t i = 1; i < {self._length}; ++i) {{
            largest = x0[i] > largest ? x0[i] : largest;
        }}
        uint32_t total = 0;
        for (int32_t i = 0; i < {self._length}; ++i) {{
            total += {kernel}_powers[largest - x0[i]];
        }}
        int32_t logarithm = {31 - self._sum_bits}; /* to base 2 */
        for (; total >> 31 == 0; total <<= 1) {{
            --logarithm;
        }}
        for (int32_t i = 0; i < {_BITS}; ++i) {{
            uint64_t square = ((uint64_t)total * total) >> 31;
            int32_t above = (int32_t)(square >> 32);
            total = (uint32_t)(square >> above);
            logarithm = 2 * logarithm + above;
        }}
        int32_t start = (int32_t)(({quanta}) >> {_BITS});
        for (int32_t i = 0; i < {self._length}; ++i) {{
            int32_t distance = largest - x0[i] < {self._far} ? largest - x0[i] : {self._far};
            int32_t below = (start + distance * {self._step} + {half}) >> {self._bits};
            out[i] = ({self.output.dtype}_t){result};
        }}
    }}"""
