# SPDX-License-Identifier: Apache-2.0
"""Softmax along the last axis."""

from __future__ import annotations

import math

import numpy as np

from .operator import Constant, Operator
from .tensor import QuantizedTensor


class Softmax(Operator):
    """Softmax of an 8-bit tensor; the output has steps of 1/256, or of 1/255, from its type's
    smallest value.

    LiteRT sums float32 exponentials from a table of 256. The table here is in fixed point with as
    many bits as leave room for the sum in 32, and one division rounds to nearest, halves upwards:
    the same integers but for quotients within 2^-15 of a half.

    Parameters
    ----------
    input, output : QuantizedTensor
    beta : float
        Factor of the input.
    """

    name = "softmax"

    def __init__(self, input: QuantizedTensor, output: QuantizedTensor, beta: float = 1.0):
        self._steps = round(1 / output.scale)
        exact = abs(self._steps * output.scale - 1) < 1e-6
        if self._steps not in (255, 256) or not exact or output.zero_point != output.limits[0]:
            raise ValueError(
                "the output of a softmax is 1/256 or 1/255 times what lies above the smallest"
            )
        self.inputs = (input,)
        self.output = output
        self._length = input.shape[-1]
        bits = min(23, 31 - math.ceil(math.log2(self._length)))
        distance = np.arange(256, dtype=np.float64)
        self._table = np.rint(np.exp(-distance * beta * input.scale) * 2**bits).astype(np.uint32)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        x = arrays[0].astype(np.int64)
        powers = self._table[x.max(-1, keepdims=True) - x].astype(np.int64)
        total = powers.sum(-1, keepdims=True)
        quotient, rest = np.divmod(powers * self._steps, total)
        quotient += 2 * rest >= total
        low = self.output.limits[0]
        result: np.ndarray = np.minimum(quotient, 255) + low
        return result.astype(self.output.dtype)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("powers", self._table),)

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        rows, low = self.output.size // self._length, self.output.limits[0]
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
        for (int32_t i = 0; i < {self._length}; ++i) {{
            uint32_t power = {kernel}_powers[largest - x0[i]] * {self._steps}u;
            uint32_t share = power / total;
            uint32_t rest = power - share * total;
            share += rest >= total - rest ? 1u : 0u;
            out[i] = ({self.output.dtype}_t)((share > 255u ? 255 : (int32_t)share) + ({low}));
        }}
    }}"""
