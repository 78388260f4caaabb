# SPDX-License-Identifier: Apache-2.0
"""Functions of one int16 that change its scale, another one below zero: ReLU and its like."""

from __future__ import annotations

import numpy as np

from .operator import Operator
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor


class Rescale(Operator):
    """An int16 tensor brought to another scale, bent at zero, and held between limits.

    LiteRT rounds twice in all of these, in its default kernels as well. A tensor of int8 has a
    table instead (`rescaled_table`).

    Parameters
    ----------
    name : str
        What it is, e.g. ``"leaky_relu"``.
    input, output : QuantizedTensor
        Of int16, with zero point 0.
    limits : pair of int, optional
        Smallest and largest output.
    below : float
        Factor of what is below zero: 1 for a change of scale, a leaky ReLU's alpha, -1 for the
        absolute value.
    """

    def __init__(
        self,
        name: str,
        input: QuantizedTensor,
        output: QuantizedTensor,
        limits: tuple[int, int] | None = None,
        below: float = 1.0,
    ):
        self.name = name
        self.inputs = (input,)
        self.output = output
        self._low, self._high = limits or output.limits
        ratio = input.scale / output.scale
        self._above = quantize_multiplier(ratio)
        self._below = quantize_multiplier(ratio * abs(below))
        self._mirrored = below < 0

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        value = arrays[0].astype(np.int64)
        negative = np.abs(value) if self._mirrored else value
        scaled = np.where(
            value < 0,
            requantize(negative, *self._below, rounding="double"),
            requantize(value, *self._above, rounding="double"),
        )
        clipped: np.ndarray = np.clip(scaled, self._low, self._high)
        return clipped.astype(np.int16)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        # What is larger than every int16 saturates on the way, as it does at the end.
        (above, up), (below, down) = self._above, self._below
        sign = "-" if self._mirrored else ""
        return (
            f"    for (int32_t i = 0; i < {self.output.size}; ++i) {{\n"
            "        int32_t value = x0[i];\n"
            f"        value = value < 0 ? mt_requantize_double({sign}value, {below}, {down})\n"
            f"                          : mt_requantize_double(value, {above}, {up});\n"
            f"        out[i] = (int16_t)mt_clamp(value, {self._low}, {self._high});\n"
            "    }"
        )
