# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions of NHWC tensors."""

from __future__ import annotations

import numpy as np

from .accumulate import Accumulator
from .operator import Constant, Operator
from .requantize import Rounding
from .tensor import QuantizedTensor


def spread(
    image: np.ndarray,
    weights: np.ndarray,
    strides: tuple[int, int],
    padding: tuple[int, int],
    shape: tuple[int, ...],
) -> np.ndarray:
    """Sums of a transposed convolution.

    Parameters
    ----------
    image, weights : int64 array
        Without their zero points, shaped as `TransposedConv2D` has them.
    strides, padding : pair of int
    shape : tuple of int
        Of the result.
    """
    batch, height, width, _ = image.shape
    _, kernel_height, kernel_width, _ = weights.shape
    (sy, sx), (py, px) = strides, padding
    _, rows, columns, channels = shape
    # Every input pixel spreads over a window; what lies beyond the output is cut off.
    full = np.zeros(
        (
            batch,
            max((height - 1) * sy + kernel_height, py + rows),
            max((width - 1) * sx + kernel_width, px + columns),
            channels,
        ),
        np.int64,
    )
    for ky, kx in np.ndindex(kernel_height, kernel_width):
        part = image @ weights[:, ky, kx].T
        full[:, ky : ky + height * sy : sy, kx : kx + width * sx : sx] += part
    return full[:, py : py + rows, px : px + columns]


class TransposedConv2D(Operator):
    """Transposed convolution of int8 with int8 weights.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of int8, shapes (batch, height, width, channels).
    weights : int8 array, shape (channels of output, kernel height, width, channels of input)
    strides : pair of int
        Output rows and columns from one input pixel to the next.
    padding : pair of int
        Rows above and columns to the left that are cut off the output.
    bias, scales, limits, rounding
        As in `Accumulator`.

    Raises
    ------
    ValueError
        If sums may need more than 32 bits.
    """

    name = "transposed_conv2d"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        bias: np.ndarray | None,
        scales: np.ndarray,
        strides: tuple[int, int],
        padding: tuple[int, int],
        limits: tuple[int, int] | None = None,
        rounding: Rounding = "single",
    ):
        self.inputs = (input,)
        self.output = output
        self._weights = weights
        self._strides = strides
        self._padding = padding
        # How many weights meet an input differs from pixel to pixel, so the input's zero point is
        # taken off the input and not folded into the bias.
        centred = QuantizedTensor(input.shape, input.dtype, input.scale)
        rows = weights.reshape(weights.shape[0], -1)
        self._layer = Accumulator(rows, bias, scales, centred, output, limits, rounding)
        reach = 255 * np.abs(rows.astype(np.int64)).sum(1) + np.abs(self._layer.bias)
        if reach.max() >= 2**31:
            raise ValueError("sums of a layer may need more than 32 bits")

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        image = arrays[0].astype(np.int64) - self.inputs[0].zero_point
        weights = self._weights.astype(np.int64)
        window = self._strides, self._padding
        return self._layer.finish(spread(image, weights, *window, self.output.shape))

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_transposed_conv2d.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (
            Constant("weights", self._weights),
            Constant("bias", self._layer.bias.astype(np.int32)),
            self._layer.scales_constant(None),
        )

    @property
    def macs(self) -> int:
        return (self.inputs[0].size // self.inputs[0].shape[3]) * int(self._weights.size)

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self.inputs[0].shape
        _, out_height, out_width, out_channels = self.output.shape
        pairs = (*self._weights.shape[1:3], *self._strides, *self._padding)
        image, result = height * width * channels, out_height * out_width * out_channels
        return f"""\
    static const mt_transposed_conv2d_layer layer = {{
        {height}, {width}, {channels}, {out_height}, {out_width}, {out_channels},
        {", ".join(map(str, pairs))},
        {self.inputs[0].zero_point}, {self._layer.output_text()},
    }};
    for (int32_t n = 0; n < {batch}; ++n) {{
        mt_transposed_conv2d(&layer, {kernel}_weights, {kernel}_bias,
            (MICROTVM_FLASH mt_scale *)(MICROTVM_FLASH void *){kernel}_scales,
            x0 + n * {image}, out + n * {result});
    }}"""
