# SPDX-License-Identifier: Apache-2.0
"""Mean and sum along axes."""

from __future__ import annotations

import math

import numpy as np

from .float_scale import LineAsFloat
from .loops import row_major
from .operator import Operator
from .requantize import Rounding, quantize_multiplier, requantize
from .tensor import QuantizedTensor


class Mean(Operator):
    """Mean along axes: one sum, then scaled.

    With one rounding as XNNPACK has it for int8 and uint8: the bare sum times a float32, and
    another one added for both zero points. With two, and for int16, by multiplier and shift, as
    LiteRT's reference kernels have it.

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
    _as_float: tuple[str, ...] = ("int8", "uint8")  # types

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
        self._line: LineAsFloat | None = None
        if rounding == "single" and input.dtype in self._as_float:
            factor = self._real_factor(count)
            moved = np.float32(output.zero_point) + np.float32(self._start) * np.float32(factor)
            self._line = LineAsFloat(factor, float(moved), away=input.dtype == "int16")
            self._start = 0
        else:
            self._scale = self._integer_factor(count)
            largest <<= max(self._scale[1], 0)
        if largest >= 2**31:
            raise ValueError("the sum of so many elements may need more than 32 bits")

    def _real_factor(self, count: int) -> float:
        """What the sum of ``count`` elements is multiplied by, of float32."""
        ratio = np.float32(self.inputs[0].scale) / np.float32(self.output.scale)
        return float(ratio / np.float32(count))

    def _integer_factor(self, count: int) -> tuple[int, int]:
        """The same as multiplier and shift."""
        multiplier, shift = quantize_multiplier(self.inputs[0].scale / self.output.scale)
        right = min(count.bit_length() - 1, 32, 31 + shift)
        return (multiplier << right) // count, shift - right

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        total = arrays[0].astype(np.int64).sum(self._axes) + self._start
        if self._line is not None:
            scaled = self._line.compute(total)
        else:
            scaled = requantize(total, *self._scale, rounding=self._form) + self.output.zero_point
        clipped: np.ndarray = np.clip(scaled, *self.output.limits)
        return clipped.astype(self.output.dtype).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h" if self._line is None else "microtvm_float_scale.h",)

    def body(self, kernel: str) -> str:
        shape = self.inputs[0].shape
        steps = row_major(shape)
        kept = [axis for axis in range(len(shape)) if axis not in self._axes]
        low, high = self.output.limits
        if self._line is not None:
            mean = self._line.text("sum", low, high)
        else:
            multiplier, shift = self._scale
            scaled = f"mt_requantize_{self._form}(sum, {multiplier}, {shift})"
            mean = f"mt_clamp({scaled} + {self.output.zero_point}, {low}, {high})"

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
            f"{total}*out++ = ({self.output.dtype}_t){mean};",
            *(f"{'    ' * (i + 1)}}}" for i in range(len(kept) - 1, -1, -1)),
        ]
        return "\n".join(lines)


class Sum(Mean):
    """Sum along axes, scaled once: with one rounding as float32 rounds, with two by multiplier and
    shift.

    LiteRT's reference kernel reads int8 and int16 as if they were uint8 (seen in 2.3). For those
    two roundings are TensorFlow Lite Micro's, which has the same kernel without that mistake.

    Parameters
    ----------
    input, output, axes, rounding
        As in `Mean`, which raises ValueError.
    """

    name = "sum"
    _as_float = ("int8", "uint8", "int16")

    def _real_factor(self, count: int) -> float:
        return float(np.float32(self.inputs[0].scale) / np.float32(self.output.scale))

    def _integer_factor(self, count: int) -> tuple[int, int]:
        return quantize_multiplier(self.inputs[0].scale / self.output.scale)
