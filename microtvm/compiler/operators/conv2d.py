# SPDX-License-Identifier: Apache-2.0
"""Convolutions of NHWC tensors in one group."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from .accumulate import Accumulator
from .elementwise import Add
from .operator import Constant, Operator
from .requantize import Rounding
from .tensor import QuantizedTensor


@dataclass(frozen=True)
class Window:
    """How a kernel moves over an image: pairs of rows and columns.

    Attributes
    ----------
    strides, dilation : pair of int
    padding : pair of int
        Rows above and columns to the left; the rest follows from the output's shape.
    """

    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    def patches(
        self, image: np.ndarray, kernel: tuple[int, int], output: tuple[int, int], fill: int
    ) -> np.ndarray:
        """What lies under the kernel, shape (batch, rows, columns, kernel rows and columns,
        channels)."""
        batch, height, width, channels = image.shape
        result = np.full((batch, *output, *kernel, channels), fill, np.int64)
        for ky, kx in np.ndindex(*kernel):
            rows = np.arange(output[0]) * self.strides[0] - self.padding[0] + ky * self.dilation[0]
            columns = (
                np.arange(output[1]) * self.strides[1] - self.padding[1] + kx * self.dilation[1]
            )
            inside_y = np.flatnonzero((rows >= 0) & (rows < height))
            inside_x = np.flatnonzero((columns >= 0) & (columns < width))
            result[:, inside_y[:, None], inside_x, ky, kx] = image[
                :, rows[inside_y][:, None], columns[inside_x]
            ]
        return result


class Conv2D(Operator):
    """Convolution of int8 with int8 weights.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of int8, shapes (batch, height, width, channels).
    weights : int8 array, shape (channels of output, kernel height, width, channels of input)
    window : Window
    bias, scales, limits, rounding
        As in `Accumulator`.
    """

    name = "conv2d"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        bias: np.ndarray | None,
        scales: np.ndarray,
        window: Window,
        limits: tuple[int, int] | None = None,
        rounding: Rounding = "single",
    ):
        if weights.shape[3] != input.shape[3]:
            raise ValueError("a convolution in groups is none of these")
        self.inputs = (input,)
        self.output = output
        self._kernel = (weights.shape[1], weights.shape[2])
        self._window = window
        rows = weights.reshape(weights.shape[0], -1)
        self._layer = Accumulator(rows, bias, scales, input, output, limits, rounding)
        self._addition: Add | None = None
        self._operand = 0

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        patches = self._window.patches(
            arrays[0],
            self._kernel,
            (self.output.shape[1], self.output.shape[2]),
            self.inputs[0].zero_point,
        )
        sums = patches.reshape(*self.output.shape[:3], -1) @ self._layer.weights.astype(np.int64).T
        result = self._layer.finish(sums)
        if self._addition is None:
            return result
        operands = [result, arrays[1]] if self._operand == 0 else [arrays[1], result]
        return self._addition.compute(*operands)

    def followed_by(self, other: Operator, operand: int) -> Operator | None:
        """A residual addition is computed pixel by pixel, and may lie over the other tensor."""
        if (
            self._addition is not None
            or not isinstance(other, Add)
            or other.short is None
            or any(tensor.shape != self.output.shape for tensor in other.inputs)
        ):
            return None
        both = copy.copy(self)
        both.name = f"{self.name}_{other.name}"
        both.inputs = (*self.inputs, other.inputs[1 - operand])
        both.output = other.output
        both._addition, both._operand = other, operand
        return both

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_conv2d.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return self._layer.constants(in_fours=self.inputs[0].shape[3] % 4 == 0)

    @property
    def scratch_bytes(self) -> int:
        results = 0 if self._addition is None else 2 * self.output.shape[3]
        return self._layer.depth * (4 if self._layer.packs else 2) + results

    @property
    def macs(self) -> int:
        return self.output.size * int(self._layer.weights.shape[1])

    @property
    def overwritable(self) -> tuple[int, ...]:
        if self._addition is not None:
            return (1,)
        # A kernel of one element reads the pixels that it writes, gathered before.
        alone = self._kernel == (1, 1) and self._window == Window()
        return (0,) if alone and self.output.shape[3] <= self.inputs[0].shape[3] else ()

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self.inputs[0].shape
        _, out_height, out_width, out_channels = self.output.shape
        window, layer = self._window, self._layer
        reach = [(n - 1) * s for n, s in zip((out_height, out_width), window.strides, strict=True)]
        pointwise = (
            self._kernel == (1, 1)
            and window.padding == (0, 0)
            and reach[0] < height
            and reach[1] < width
        )
        pairs = (*self._kernel, *window.strides, *window.padding, *window.dilation)
        function = "mt_conv2d" if layer.packs else "mt_conv2d_unpacked"
        call = (
            f"{function}(&layer, {kernel}_weights, {kernel}_bias,\n"
            f"        (MICROTVM_FLASH mt_scale *)(MICROTVM_FLASH void *){kernel}_scales,"
        )
        image, result = height * width * channels, out_height * out_width * out_channels
        skip = f"&addition, x1 + n * {result}"
        lines = [
            "    static const mt_conv2d_layer layer = {",
            f"        {height}, {width}, {channels}, {out_height}, {out_width}, {out_channels},",
            f"        {', '.join(map(str, pairs))},",
            f"        {layer.depth}, {int(pointwise)}, {self.inputs[0].zero_point},",
            f"        {int(layer.late)}, {layer.output_text()},",
            "    };",
            *self._addition_text(),
            f"    for (int32_t n = 0; n < {batch}; ++n) {{",
            f"    {call} x0 + n * {image}, out + n * {result}, scratch,",
            f"        {'NULL, NULL' if self._addition is None else skip});",
            "    }",
        ]
        return "\n".join(lines)

    def _addition_text(self) -> list[str]:
        if self._addition is None or self._addition.short is None:
            return []
        short, add = self._addition.short, self._addition
        factor, skip = short.multipliers[self._operand], short.multipliers[1 - self._operand]
        values = (short.bias, factor, skip, short.shift, add.output.zero_point, add.low, add.high)
        return [
            "    static const mt_addition addition = {",
            f"        {', '.join(map(str, values))},",
            "    };",
        ]
