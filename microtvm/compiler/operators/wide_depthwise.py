# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolutions of uint8 and int16, in plain C."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..dtypes import itemsize
from .conv2d import Window
from .depthwise import Depthwise
from .operator import Constant
from .requantize import Form
from .tensor import QuantizedTensor
from .wide_accumulate import WideAccumulator


class WideDepthwise(Depthwise):
    """Depthwise convolution of uint8 or int16 with weights of 8 bits.

    Parameters
    ----------
    input, output : QuantizedTensor
        Of one type, shapes (batch, height, width, channels); the output has a multiple of channels.
    weights : int8 or uint8 array, shape (kernel height, width, channels of output)
    weights_zero : int
        The weights' zero point.
    window : Window
    bias, scales, limits, form
        As in `WideAccumulator`.

    Raises
    ------
    ValueError
        If sums may need more than 32 bits, and as `WideAccumulator` does.
    """

    _bias = "int64_t"
    _start = "0"
    _after_channel = ("++bias;",)

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
        rows = weights.reshape(-1, weights.shape[2]).T.astype(np.int64) - weights_zero
        # Lines hold the input as it is, and its zero point where they are padded.
        folded = -input.zero_point * rows.sum(1) + (0 if bias is None else bias.astype(np.int64))
        plain = replace(input, zero_point=0)
        self._wide = WideAccumulator(rows, folded, scales, plain, output, limits, form)
        if self._wide.products >= 2**31:
            raise ValueError("sums of a layer may need more than 32 bits")
        # Weights are few here, so that they may take two bytes each.
        narrow = rows.min(initial=0) >= -128 and rows.max(initial=0) <= 127
        self._stored = np.ascontiguousarray(rows.astype(np.int8 if narrow else np.int16))
        self._element, self._weight = f"{input.dtype}_t", f"{self._stored.dtype.name}_t"
        self._scratch_text = f"(const {self._element} *)(const void *)scratch"
        self._lay_out(input, output, (weights.shape[0], weights.shape[1]), window)

    @property
    def _sums(self) -> WideAccumulator:
        return self._wide

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_depthwise.h", "microtvm_wide.h")

    @property
    def constants(self) -> tuple[Constant, ...]:
        return Constant("weights", self._stored), *self._wide.constants()

    @property
    def _vectorizes(self) -> bool:
        return False

    @property
    def scratch_bytes(self) -> int:
        return super().scratch_bytes * itemsize(self.inputs[0].dtype)

    def _output_of(self, total: str) -> str:
        return f"({self._element})mt_wide_output(*bias + {total}, scale, &output)"
