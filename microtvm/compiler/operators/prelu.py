# SPDX-License-Identifier: Apache-2.0
"""PReLU of 8-bit tensors: a leaky ReLU whose factor is another tensor."""

from __future__ import annotations

import numpy as np

from .elementwise import Binary
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor


class Prelu(Binary):
    """Scaled by the second tensor where the first is below zero; LiteRT rounds twice in it.

    Parameters
    ----------
    a, alpha, output : QuantizedTensor
        Of int8 or uint8.
    """

    name = "prelu"

    def __init__(self, a: QuantizedTensor, alpha: QuantizedTensor, output: QuantizedTensor):
        super().__init__(a, alpha, output)
        self._above = quantize_multiplier(a.scale / output.scale)
        self._below = quantize_multiplier(a.scale * alpha.scale / output.scale)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = (x.astype(np.int64) - t.zero_point for x, t in zip(arrays, self.inputs, strict=True))
        scaled = np.where(
            a >= 0,
            requantize(a, *self._above, rounding="double"),
            requantize(a * b, *self._below, rounding="double"),
        )
        return self._clip(scaled + self.output.zero_point)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    def statements(self, a: str, b: str, out: str) -> list[str]:
        zero = self.output.zero_point
        za, zb = (t.zero_point for t in self.inputs)
        (above, up), (below, down) = self._above, self._below
        return [
            f"int32_t value = (int32_t){a} - {za};",
            f"int32_t product = value * ((int32_t){b} - {zb});",
            f"value = value < 0 ? mt_requantize_double(product, {below}, {down})",
            f"                  : mt_requantize_double(value, {above}, {up});",
            f"value = mt_clamp(value, {self.low - zero}, {self.high - zero});",
            f"{out} = ({self._c_type})(value + {zero});",
        ]
