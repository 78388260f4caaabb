# SPDX-License-Identifier: Apache-2.0
"""Dense layers."""

from __future__ import annotations

import numpy as np

from ..dense import Dense
from ..operator import Constant
from ..requantize import Rounding
from .call import (
    CmsisCall,
    given_bias,
    limits,
    rounding_assertion,
    scales_are_exact,
    scales_constants,
    structure,
)


class CmsisDense(CmsisCall, Dense):
    """``arm_fully_connected_wrapper_s8``.

    With MVE it takes the bias with the input's zero point in it, as the buffer of its context; on
    other cores without, as the bias. Flash holds one of them.
    """

    def is_exact(self, rounding: Rounding) -> bool:
        return self._is_small(self._layer.weights.shape) and scales_are_exact(self._layer, rounding)

    @property
    def constants(self) -> tuple[Constant, ...]:
        scales = self._layer.scales
        sums = self._layer.bias.astype(np.int32)
        return (
            Constant("weights", np.ascontiguousarray(self._layer.weights)),
            Constant("bias", given_bias(self._layer, self.inputs[0].zero_point), mve=sums),
            *scales_constants(scales if self._is_per_channel else scales[:1]),
        )

    @property
    def _is_per_channel(self) -> bool:
        return bool((self._layer.scales != self._layer.scales[0]).any())

    @property
    def scratch_bytes(self) -> int:
        return 0

    def body(self, kernel: str) -> str:
        layer, output = self._layer, self.output
        units, depth = layer.weights.shape
        return "\n".join(
            [
                rounding_assertion(layer.rounding),
                structure(
                    "fc_params",
                    "params",
                    -self.inputs[0].zero_point,
                    0,
                    output.zero_point,
                    limits(layer.low, layer.high),
                ),
                structure(
                    "quant_params",
                    "scales",
                    f"(int32_t *){kernel}_multipliers",
                    f"(int32_t *){kernel}_shifts",
                    int(self._is_per_channel),
                ),
                structure("dims", "input", self._rows, 1, 1, depth),
                structure("dims", "filter", depth, 1, 1, units),
                structure("dims", "bias", 1, 1, 1, units),
                structure("dims", "output", self._rows, 1, 1, units),
                f"    const cmsis_nn_context context = {{(void *){kernel}_bias, {4 * units}}};",
                f"    MT_CMSIS_NN(arm_fully_connected_s8_get_buffer_size(&filter), {4 * units},",
                "        arm_fully_connected_wrapper_s8(&context, &params, &scales, &input, x0,",
                f"            &filter, {kernel}_weights, &bias, {kernel}_bias, &output, out));",
            ]
        )
