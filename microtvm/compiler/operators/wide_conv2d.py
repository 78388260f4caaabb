# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers of uint8 and int16, and convolutions in groups, in plain C."""

from __future__ import annotations

import math

import numpy as np

from .conv2d import Window
from .operator import Constant, Operator
from .requantize import Form
from .tensor import QuantizedTensor
from .wide_accumulate import WideAccumulator, products_in_32_bits, stored_weights


class WideConv2D(Operator):
    """Convolution of int8, uint8 or int16, in groups, with weights of 8 bits.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of one type, shapes (batch, height, width, channels).
    weights : int8 or uint8 array, shape (channels of output, kernel height, width, depth)
        The depth is the channels of the input by the number of groups.
    weights_zero : int
        The weights' zero point.
    window : Window
    bias, scales, limits, form
        As in `WideAccumulator`.

    Raises
    ------
    ValueError
        If the groups do not divide the channels, and as `WideAccumulator` does.
    """

    name = "conv2d"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        weights_zero: int,
        bias: np.ndarray | None,
        scales: np.ndarray,
        window: Window,
        limits: tuple[int, int] | None = None,
        form: Form = "single",
    ):
        self.inputs = (input,)
        self.output = output
        self._image, self._result = self._shapes(weights)
        self._groups, rest = divmod(self._image[3], weights.shape[3])
        if rest or weights.shape[0] % max(self._groups, 1):
            raise ValueError(f"weights of {weights.shape} are no groups of {self._image[3]}")
        self._kernel = (weights.shape[1], weights.shape[2])
        self._window = window
        self._weights, self._zero = stored_weights(
            weights.reshape(weights.shape[0], -1), weights_zero
        )
        centred = self._weights.astype(np.int64) - self._zero
        self._layer = WideAccumulator(centred, bias, scales, input, output, limits, form)

    def _shapes(self, weights: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of the images that are read and written."""
        return self.inputs[0].shape, self.output.shape

    @property
    def _depth(self) -> int:
        """Products of each sum, rounded up to a multiple of 4."""
        return -(-int(self._weights.shape[1]) // 4) * 4

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        _, rows, columns, channels = self._result
        image = arrays[0].reshape(self._image)
        zero = self.inputs[0].zero_point
        patches = self._window.patches(image, self._kernel, (rows, columns), zero) - zero
        depth, width = self._image[3] // self._groups, channels // self._groups
        sums = np.empty(self._result, np.int64)
        for group in range(self._groups):
            inner = patches[..., group * depth : (group + 1) * depth]
            chosen = slice(group * width, (group + 1) * width)
            flat = inner.reshape(*self._result[:3], -1)
            sums[..., chosen] = flat @ self._layer.weights[chosen].T
        return self._layer.finish(sums).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_wide_conv2d.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        rows, depth = self._weights.shape
        width = rows // self._groups
        padded = np.zeros((self._groups, -(-width // 4) * 4, self._depth), np.int8)
        padded[:, :width, :depth] = self._weights.reshape(self._groups, width, depth)
        fours = padded.reshape(self._groups, -1, 4, self._depth).transpose(0, 1, 3, 2)
        return Constant("weights", np.ascontiguousarray(fours)), *self._layer.constants()

    @property
    def scratch_bytes(self) -> int:
        return 2 * 2 * self._depth

    @property
    def macs(self) -> int:
        return math.prod(self._result) * int(self._weights.shape[1])

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self._image
        _, out_height, out_width, out_channels = self._result
        window, source = self._window, self.inputs[0]
        pairs = (*self._kernel, *window.strides, *window.padding, *window.dilation)
        image, result = height * width * channels, out_height * out_width * out_channels
        block = products_in_32_bits(self._weights, source)
        return f"""\
    static const mt_wide_layer layer = {{
        {height}, {width}, {channels}, {out_height}, {out_width}, {out_channels},
        {", ".join(map(str, pairs))},
        {self._groups}, {self._depth}, {block}, {source.zero_point}, {self._zero},
        {self._layer.element}, {self._layer.output_text()},
    }};
    for (int32_t n = 0; n < {batch}; ++n) {{
        mt_wide_conv2d(&layer, {kernel}_weights, {kernel}_bias,
            (MICROTVM_FLASH mt_scale *)(MICROTVM_FLASH void *){kernel}_scales,
            x0 + n * {image}, out + n * {result}, (int16_t *)(void *)scratch);
    }}"""


class WideDense(WideConv2D):
    """Rows of a uint8 or int16 tensor times weights of 8 bits.

    Parameters
    ----------
    input, output : QuantizedTensor
        The input's elements are rows as long as the weights'.
    weights : int8 or uint8 array, shape (units, depth)
    weights_zero, bias, scales, limits, form
        As in `WideConv2D`.
    """

    name = "dense"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        weights_zero: int,
        bias: np.ndarray | None,
        scales: np.ndarray,
        limits: tuple[int, int] | None = None,
        form: Form = "single",
    ):
        kernel = weights[:, None, None, :]
        super().__init__(input, output, kernel, weights_zero, bias, scales, Window(), limits, form)

    def _shapes(self, weights: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """A row is a pixel of an image one row high."""
        units, depth = weights.shape[0], weights.shape[3]
        rows = self.inputs[0].size // depth
        return (1, 1, rows, depth), (1, 1, rows, units)
