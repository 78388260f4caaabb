# SPDX-License-Identifier: Apache-2.0
"""Dense layers."""

from __future__ import annotations

import numpy as np

from .accumulate import Accumulator
from .operator import Constant, Operator
from .requantize import Rounding
from .tensor import QuantizedTensor


class Dense(Operator):
    """Rows of an int8 tensor times int8 weights.

    Parameters
    ----------
    input : QuantizedTensor
        Of int8; its elements are rows as long as the weights'.
    output : QuantizedTensor
        Of int8.
    weights : int8 array, shape (units, depth)
    bias, scales, limits, rounding
        As in `Accumulator`.
    """

    name = "dense"

    def __init__(
        self,
        input: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        bias: np.ndarray | None,
        scales: np.ndarray,
        limits: tuple[int, int] | None = None,
        rounding: Rounding = "single",
    ):
        self.inputs = (input,)
        self.output = output
        self._rows: int = input.size // weights.shape[1]
        self._layer = Accumulator(weights, bias, scales, input, output, limits, rounding)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        weights = self._layer.weights.astype(np.int64)
        sums = arrays[0].reshape(self._rows, -1).astype(np.int64) @ weights.T
        return self._layer.finish(sums).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_dense.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return self._layer.constants(in_fours=True)

    @property
    def scratch_bytes(self) -> int:
        return self._layer.depth if self._layer.depth != self._layer.weights.shape[1] else 0

    @property
    def macs(self) -> int:
        return self._rows * int(self._layer.weights.size)

    def body(self, kernel: str) -> str:
        units, depth = self._layer.weights.shape
        scratch = "scratch" if self.scratch_bytes else "NULL"
        function = "mt_dense" if self._layer.packs else "mt_dense_unpacked"
        return f"""\
    static const mt_dense_layer layer = {{
        {self._rows}, {depth}, {units}, {self._layer.depth}, {int(self._layer.late)},
        {self._layer.output_text()},
    }};
    {function}(&layer, {kernel}_weights, {kernel}_bias,
        (MICROTVM_FLASH mt_scale *)(MICROTVM_FLASH void *){kernel}_scales, x0, out, {scratch});"""
