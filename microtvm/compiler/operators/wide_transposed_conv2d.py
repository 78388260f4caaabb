# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions of uint8 and int16, in plain C."""

from __future__ import annotations

from itertools import product

import numpy as np

from .operator import Constant, Operator
from .requantize import Form
from .tensor import QuantizedTensor
from .transposed_conv2d import spread
from .wide_accumulate import WideAccumulator, products_in_32_bits, stored_weights


class WideTransposedConv2D(Operator):
    """Transposed convolution of uint8 or int16 with weights of 8 bits.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of one type, shapes (batch, height, width, channels).
    weights : int8 or uint8 array, shape (channels of output, kernel height, width, of input)
    weights_zero : int
        The weights' zero point.
    strides : pair of int
        Output rows and columns from one input pixel to the next.
    padding : pair of int
        Rows above and columns to the left that are cut off the output.
    bias, scales, limits, form
        As in `WideAccumulator`, which raises ValueError.
    """

    name = "transposed_conv2d"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        weights_zero: int,
        bias: np.ndarray | None,
        scales: np.ndarray,
        strides: tuple[int, int],
        padding: tuple[int, int],
        limits: tuple[int, int] | None = None,
        form: Form = "single",
    ):
        self.inputs = (input,)
        self.output = output
        self._weights, self._zero = stored_weights(weights, weights_zero)
        self._strides, self._padding = strides, padding
        self._centred = self._weights.astype(np.int64) - self._zero
        rows = self._centred.reshape(weights.shape[0], -1)
        self._layer = WideAccumulator(rows, bias, scales, input, output, limits, form)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        image = arrays[0].astype(np.int64) - self.inputs[0].zero_point
        window = self._strides, self._padding
        return self._layer.finish(spread(image, self._centred, *window, self.output.shape))

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_wide_transposed_conv2d.h",)

    def _phases(self) -> list[np.ndarray]:
        """For each row and column modulo the strides its weights, shape (channels / 4, depth, 4);
        channels and depth are rounded up to multiples of 4."""
        result = []
        for y, x in product(*map(range, self._strides)):
            part = self._weights[:, y :: self._strides[0], x :: self._strides[1]]
            rows = part.reshape(part.shape[0], -1)
            padded = np.zeros([-(-extent // 4) * 4 for extent in rows.shape], np.int8)
            padded[: rows.shape[0], : rows.shape[1]] = rows
            result.append(
                padded.reshape(len(padded) // 4, 4, -1 if padded.size else 0).transpose(0, 2, 1)
            )
        return result

    @property
    def constants(self) -> tuple[Constant, ...]:
        weights = np.concatenate([phase.ravel() for phase in self._phases()])
        return Constant("weights", weights), *self._layer.constants()

    @property
    def _depth(self) -> int:
        return max(int(phase.shape[1]) for phase in self._phases())

    @property
    def scratch_bytes(self) -> int:
        return 2 * self._depth

    @property
    def macs(self) -> int:
        return (self.inputs[0].size // self.inputs[0].shape[3]) * int(self._weights.size)

    def body(self, kernel: str) -> str:
        batch, height, width, channels = self.inputs[0].shape
        _, out_height, out_width, out_channels = self.output.shape
        pairs = (*self._weights.shape[1:3], *self._strides, *self._padding, 1, 1)
        image, result = height * width * channels, out_height * out_width * out_channels
        depths = [phase.shape[1] for phase in self._phases()]
        block = products_in_32_bits(self._weights.reshape(out_channels, -1), self.inputs[0])
        zeros = f"{self.inputs[0].zero_point}, {self._zero}"
        return f"""\
    static const mt_wide_layer layer = {{
        {height}, {width}, {channels}, {out_height}, {out_width}, {out_channels},
        {", ".join(map(str, pairs))},
        1, {max(depths)}, {block}, {zeros},
        {self._layer.element}, {self._layer.output_text()},
    }};
    static const int32_t depths[] = {{{", ".join(map(str, depths))}}};
    for (int32_t n = 0; n < {batch}; ++n) {{
        mt_wide_transposed_conv2d(&layer, depths, {kernel}_weights, {kernel}_bias,
            (MICROTVM_FLASH mt_scale *)(MICROTVM_FLASH void *){kernel}_scales,
            x0 + n * {image}, out + n * {result}, (int16_t *)(void *)scratch);
    }}"""
