# SPDX-License-Identifier: Apache-2.0
"""Mean along axes."""

from __future__ import annotations

import math

import numpy as np

from .float_scale import float_scale, scale_as_float
from .loops import row_major
from .operator import Operator
from .tensor import QuantizedTensor


class Mean(Operator):
    """Mean along axes of an 8-bit tensor, as XNNPACK has it: one sum, scaled as float32 rounds.

    Parameters
    ----------
    input, output : QuantizedTensor
        The output's shape may keep the axes or leave them out.
    axes : tuple of int
    """

    name = "mean"

    def __init__(self, input: QuantizedTensor, output: QuantizedTensor, axes: tuple[int, ...]):
        self.inputs = (input,)
        self.output = output
        self._axes = tuple(sorted({axis % len(input.shape) for axis in axes}))
        count = math.prod(input.shape[axis] for axis in self._axes)
        if count >= 2**23:
            raise ValueError("the sum of so many elements may need more than 32 bits")
        self._start = -count * input.zero_point
        ratio = np.float32(input.scale) / np.float32(output.scale)
        self._factor = float(ratio / np.float32(count))

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        total = arrays[0].astype(np.int64).sum(self._axes) + self._start
        scaled = scale_as_float(total, self._factor) + self.output.zero_point
        clipped: np.ndarray = np.clip(scaled, *self.output.limits)
        return clipped.astype(self.output.dtype).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_float_scale.h",)

    def body(self, kernel: str) -> str:
        shape = self.inputs[0].shape
        steps = row_major(shape)
        kept = [axis for axis in range(len(shape)) if axis not in self._axes]
        mantissa, shift = float_scale(self._factor)
        low, high = (limit - self.output.zero_point for limit in self.output.limits)

        def loops(axes: list[int], depth: int) -> list[str]:
            return [
                f"{'    ' * (depth + i)}for (int32_t i{axis} = 0; i{axis} < {shape[axis]};"
                f" ++i{axis}) {{"
                for i, axis in enumerate(axes)
            ]

        index = " + ".join(f"i{axis} * {steps[axis]}" for axis in range(len(shape)))
        inner = len(kept) + 1
        total = "    " * inner
        lines = [
            *loops(kept, 1),
            f"{total}int32_t sum = {self._start};",
            *loops(list(self._axes), inner),
            f"{'    ' * (inner + len(self._axes))}sum += x0[{index}];",
            *(f"{'    ' * (inner + i)}}}" for i in range(len(self._axes) - 1, -1, -1)),
            f"{total}sum = mt_scale_as_float(sum, {mantissa}, {shift}, {low}, {high});",
            f"{total}*out++ = ({self.output.dtype}_t)(sum + {self.output.zero_point});",
            *(f"{'    ' * (i + 1)}}}" for i in range(len(kept) - 1, -1, -1)),
        ]
        return "\n".join(lines)
