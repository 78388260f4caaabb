# SPDX-License-Identifier: Apache-2.0
"""Mean and sum along axes."""

from __future__ import annotations

import math

import numpy as np

from .float_scale import float_scale, scale_as_float
from .loops import row_major
from .operator import Operator
from .requantize import Rounding, quantize_multiplier, requantize
from .tensor import QuantizedTensor


class Mean(Operator):
    """Mean along axes: one sum, then scaled.

    With one rounding as XNNPACK has it for int8 and uint8, as float32 rounds; with two, and for
    int16, by multiplier and shift, as LiteRT's reference kernels have it.

    Parameters
    ----------
    input, output : QuantizedTensor
        The output's shape may keep the axes or leave them out.
    axes : tuple of int
    rounding : {"single", "double"}

    Raises
    ------
    ValueError
        If the sum may need more than 32 bits.
    """

    name = "mean"
    _form: Rounding = "double"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        axes: tuple[int, ...],
        rounding: Rounding = "single",
    ):
        self.inputs = (input,)
        self.output = output
        self._axes = tuple(sorted({axis % len(input.shape) for axis in axes}))
        count = math.prod(input.shape[axis] for axis in self._axes)
        largest = count * max(abs(limit - input.zero_point) for limit in input.limits)
        self._start = -count * input.zero_point
        self._as_float = rounding == "single" and input.dtype in ("int8", "uint8")
        ratio = np.float32(input.scale) / np.float32(output.scale)
        self._factor = float(ratio / np.float32(count))
        if not self._as_float:
            multiplier, shift = quantize_multiplier(input.scale / output.scale)
            right = min(count.bit_length() - 1, 32, 31 + shift)
            self._scale = (multiplier << right) // count, shift - right
            largest <<= max(self._scale[1], 0)
        if largest >= 2**31:
            raise ValueError("the sum of so many elements may need more than 32 bits")

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        total = arrays[0].astype(np.int64).sum(self._axes) + self._start
        scaled = (
            scale_as_float(total, self._factor)
            if self._as_float
            else requantize(total, *self._scale, rounding=self._form)
        )
        clipped: np.ndarray = np.clip(scaled + self.output.zero_point, *self.output.limits)
        return clipped.astype(self.output.dtype).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_float_scale.h",) if self._as_float else ("microtvm_requantize.h",)

    def body(self, kernel: str) -> str:
        shape = self.inputs[0].shape
        steps = row_major(shape)
        kept = [axis for axis in range(len(shape)) if axis not in self._axes]
        low, high = (limit - self.output.zero_point for limit in self.output.limits)
        if self._as_float:
            mantissa, shift = float_scale(self._factor)
            mean = f"mt_scale_as_float(sum, {mantissa}, {shift}, {low}, {high})"
        else:
            multiplier, shift = self._scale
            scaled = f"mt_requantize_{self._form}(sum, {multiplier}, {shift})"
            mean = f"mt_clamp({scaled}, {low}, {high})"

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
            f"{total}sum = {mean};",
            f"{total}*out++ = ({self.output.dtype}_t)(sum + {self.output.zero_point});",
            *(f"{'    ' * (i + 1)}}}" for i in range(len(kept) - 1, -1, -1)),
        ]
        return "\n".join(lines)


class Sum(Mean):
    """Sum along axes, scaled once: for int8 and uint8 as float32 rounds.

    Parameters
    ----------
    input, output, axes
        As in `Mean`, which raises ValueError.
    """

    name = "sum"
    _form: Rounding = "single"

    def __init__(self, input: QuantizedTensor, output: QuantizedTensor, axes: tuple[int, ...]):
        super().__init__(input, output, axes, "single")
        self._factor = float(np.float32(input.scale) / np.float32(output.scale))
        if not self._as_float:
            self._scale = quantize_multiplier(input.scale / output.scale)
