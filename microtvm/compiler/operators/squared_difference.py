# SPDX-License-Identifier: Apache-2.0
"""Squared difference of int8 tensors."""

from __future__ import annotations

import numpy as np

from .elementwise import Binary
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor
from .two_scales import TwoScales

_LEFT = 7  # bits that both operands have to spare


class SquaredDifference(Binary):
    """The square of the difference of two int8 tensors, with LiteRT's two roundings.

    Parameters
    ----------
    a, b, output : QuantizedTensor
        Of int8.

    Raises
    ------
    ValueError
        If the output's scale is so small that LiteRT refuses it.
    """

    name = "squared_difference"

    def __init__(self, a: QuantizedTensor, b: QuantizedTensor, output: QuantizedTensor):
        super().__init__(a, b, output)
        larger = 2 * max(a.scale, b.scale)
        factor = larger * larger / ((1 << 2 * _LEFT) * output.scale)
        if factor >= 1:
            raise ValueError("the output of a squared difference has too small a scale")
        self._operands = TwoScales((a, b), larger, _LEFT)
        self._last = quantize_multiplier(factor)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = self._operands.compute(arrays)
        square = requantize((a - b) ** 2, *self._last, rounding="double")
        return self._clip(square + self.output.zero_point)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    def statements(self, a: str, b: str, out: str) -> list[str]:
        m, s = self._last
        zero = self.output.zero_point
        return [
            *self._operands.statements(a, b),
            f"int32_t square = mt_requantize_double((a - b) * (a - b), {m}, {s});",
            f"square = mt_clamp(square, {self.low - zero}, {self.high - zero});",
            f"{out} = ({self._c_type})(square + {zero});",
        ]
