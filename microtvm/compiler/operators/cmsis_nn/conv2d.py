# SPDX-License-Identifier: Apache-2.0
"""Convolutions."""

from __future__ import annotations

import numpy as np

from ..conv2d import Conv2D
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


class CmsisConv2D(CmsisCall, Conv2D):
    """``arm_convolve_wrapper_s8``, or ``arm_convolve_s8`` where the former would be wrong."""

    def is_exact(self, rounding: Rounding) -> bool:
        return (
            self._addition is None
            and self._is_small(self._layer.weights.shape)
            and scales_are_exact(self._layer, rounding)
            and not (self._is_pointwise and self._leaves_image)
        )

    @property
    def _is_pointwise(self) -> bool:
        return self._kernel == (1, 1) and self._window.padding == (0, 0)

    @property
    def _leaves_image(self) -> bool:
        """Whether an output lies over padding below or to the right."""
        return any(
            (self.output.shape[axis] - 1) * stride >= self.inputs[0].shape[axis]
            for axis, stride in enumerate(self._window.strides, 1)
        )

    @property
    def _dilation(self) -> tuple[int, int]:
        """1 where the kernel has one row or column only: CMSIS-NN has faster ways for that."""
        y, x = (
            1 if n == 1 else d for n, d in zip(self._kernel, self._window.dilation, strict=True)
        )
        return y, x

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (
            Constant("weights", np.ascontiguousarray(self._layer.weights)),
            Constant("bias", given_bias(self._layer, self.inputs[0].zero_point)),
            *scales_constants(self._layer.scales),
        )

    @property
    def scratch_bytes(self) -> int:
        """The most that its ``_get_buffer_size`` asks for on any core and compiler."""
        channels = self.inputs[0].shape[3]
        if self._is_pointwise:
            return 4 * channels
        return 64 * -(-int(self._layer.weights.shape[1]) // 16)

    @property
    def _is_wrapped(self) -> bool:
        """Whether the wrapper chooses. For one row it takes ``arm_convolve_1_x_n_s8``, which with
        MVE is right for strides of 1 and paddings that are even, or one more on the right."""
        _, height, width, _ = self.inputs[0].shape
        (_, stride), (_, pad) = self._window.strides, self._window.padding
        if height != 1 or self._kernel[0] != 1 or self._is_pointwise or self._dilation[1] != 1:
            return True
        over = (self.output.shape[2] - 1) * stride + self._kernel[1] - width - 2 * pad
        return stride == 1 and over in (0, 1) and width >= self._kernel[1]

    def body(self, kernel: str) -> str:
        layer, window, output = self._layer, self._window, self.output
        activation = limits(layer.low, layer.high)
        function = "arm_convolve_wrapper_s8" if self._is_wrapped else "arm_convolve_s8"
        sizes = "&params, &input, &filter, &output" if self._is_wrapped else "&input, &filter"
        upscale = "" if self._is_wrapped else "NULL, "
        return "\n".join(
            [
                rounding_assertion(layer.rounding),
                structure(
                    "conv_params",
                    "params",
                    -self.inputs[0].zero_point,
                    output.zero_point,
                    window.strides,
                    window.padding,
                    self._dilation,
                    activation,
                ),
                channel_scales(kernel),
                structure("dims", "input", *self.inputs[0].shape),
                structure(
                    "dims", "filter", output.shape[3], *self._kernel, self.inputs[0].shape[3]
                ),
                structure("dims", "bias", 1, 1, 1, output.shape[3]),
                structure("dims", "output", *output.shape),
                f"    const cmsis_nn_context context = {{scratch, {self.scratch_bytes}}};",
                f"    MT_CMSIS_NN({function}_get_buffer_size({sizes}), {self.scratch_bytes},",
                f"        {function}(&context, &params, &scales, &input, x0, &filter,",
                f"            {kernel}_weights, &bias, {kernel}_bias, {upscale}&output, out));",
            ]
        )
