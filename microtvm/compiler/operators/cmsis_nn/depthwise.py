# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolutions."""

from __future__ import annotations

import numpy as np

from ..depthwise import Depthwise
from ..operator import Constant
from ..requantize import Rounding
from .call import (
    CmsisCall,
    channel_scales,
    given_bias,
    limits,
    rounding_assertion,
    scales_are_exact,
    scales_constants,
    structure,
)

# Channels that its MVE form takes at a time (CH_IN_BLOCK_MVE), for four pixels.
_BLOCK = 4 * 124


class CmsisDepthwise(CmsisCall, Depthwise):
    """``arm_depthwise_conv_wrapper_s8``."""

    def is_exact(self, rounding: Rounding) -> bool:
        # With MVE one channel in becomes a convolution, which for one row may be a wrong one.
        _, height, _, channels = self.inputs[0].shape
        return (
            not (channels == 1 and height == 1)
            and self._is_small(self._layer.weights.shape)
            and scales_are_exact(self._layer, rounding)
        )

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (
            Constant("weights", np.ascontiguousarray(self._layer.weights.T)),
            Constant("bias", given_bias(self._layer, self.inputs[0].zero_point)),
            *scales_constants(self._layer.scales),
        )

    @property
    def scratch_bytes(self) -> int:
        """The most that its ``_get_buffer_size`` asks for on any core."""
        channels, results = self.inputs[0].shape[3], self.output.shape[3]
        taps = int(self._layer.weights.shape[1])
        as_convolution = 64 * -(-taps // 16) + taps * results if channels == 1 else 0
        return max(_BLOCK * taps, 2 * channels * taps, as_convolution)

    def body(self, kernel: str) -> str:
        layer, window, output = self._layer, self._window, self.output
        channels, results = self.inputs[0].shape[3], output.shape[3]
        function = "arm_depthwise_conv_wrapper_s8"
        return "\n".join(
            [
                rounding_assertion(layer.rounding),
                structure(
                    "dw_conv_params",
                    "params",
                    -self.inputs[0].zero_point,
                    output.zero_point,
                    results // channels,
                    window.strides,
                    window.padding,
                    window.dilation,
                    limits(layer.low, layer.high),
                ),
                channel_scales(kernel),
                structure("dims", "input", *self.inputs[0].shape),
                structure("dims", "filter", 1, *self._kernel, results),
                structure("dims", "bias", 1, 1, 1, results),
                structure("dims", "output", *output.shape),
                f"    const cmsis_nn_context context = {{scratch, {self.scratch_bytes}}};",
                f"    MT_CMSIS_NN({function}_get_buffer_size(&params, &input, &filter, &output),",
                f"        {self.scratch_bytes},",
                f"        {function}(&context, &params, &scales, &input, x0,",
                f"            &filter, {kernel}_weights, &bias, {kernel}_bias, &output, out));",
            ]
        )
