# SPDX-License-Identifier: Apache-2.0
"""SVDF, a layer of filters over time of rank r, as two operators around what it remembers.

Each filter keeps its last results for as many steps as it has weights in time; ``rank`` filters
beside each other make one unit. LiteRT rounds twice in both, in its default kernels as well.
"""

from __future__ import annotations

import numpy as np

from .operator import Constant, Operator
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor

_INT32 = 2**31 - 1


class SvdfMemory(Operator):
    """Forget each filter's oldest result, and keep its newest: a product with the input.

    Parameters
    ----------
    memory : QuantizedTensor
        (batch, filters * steps) of int16 or int8; the output is of the same type.
    input : QuantizedTensor
        (batch, width) of int8.
    weights : int8 array, (filters, width)
    scale : float
        Of the weights.
    """

    name = "svdf_memory"

    def __init__(
        self, memory: QuantizedTensor, input: QuantizedTensor, weights: np.ndarray, scale: float
    ):
        self.inputs = (memory, input)
        self.output = memory
        self._weights = weights
        factor = np.float32(input.scale) * np.float32(scale) / np.float32(memory.scale)
        self._scale = quantize_multiplier(float(factor))

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        filters = len(self._weights)
        past = arrays[0].reshape(arrays[0].shape[0], filters, -1)
        centred = arrays[1].astype(np.int64) - self.inputs[1].zero_point
        sums = centred @ self._weights.T.astype(np.int64)
        newest = np.clip(requantize(sums, *self._scale, rounding="double"), *self.output.limits)
        kept = [past[:, :, 1:], newest[:, :, None].astype(self.output.dtype)]
        return np.concatenate(kept, axis=2).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("weights", self._weights),)

    @property
    def macs(self) -> int:
        return self.output.shape[0] * self._weights.size

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        filters, width = self._weights.shape
        batch = self.output.shape[0]
        steps = self.output.size // (batch * filters)
        low, high = self.output.limits
        multiplier, shift = self._scale
        return f"""\
    for (int32_t row = 0; row < {batch * filters}; ++row, x0 += {steps}, out += {steps}) {{
        int32_t filter = row % {filters};
        int32_t source = row / {filters} * {width};
        int32_t sum = 0;
        for (int32_t i = 0; i < {width}; ++i) {{
            sum += {kernel}_weights[filter * {width} + i]
                * ((int32_t)x1[source + i] - {self.inputs[1].zero_point});
        }}
        for (int32_t i = 0; i < {steps - 1}; ++i) {{
            out[i] = x0[i + 1];
        }}
        sum = mt_requantize_double(sum, {multiplier}, {shift});
        out[{steps - 1}] = ({self.output.dtype}_t)mt_clamp(sum, {low}, {high});
    }}"""


class SvdfUnits(Operator):
    """Each unit's filters over time, added up.

    Parameters
    ----------
    memory : QuantizedTensor
        (batch, filters * steps) of int16 or int8.
    output : QuantizedTensor
        (batch, units) of int8.
    weights : array, (filters, steps)
        Of int16 or int8.
    bias : int32 array, (units,)
    scale : float
        Of the weights.

    Raises
    ------
    ValueError
        If a sum may need more than 32 bits.
    """

    name = "svdf"

    def __init__(
        self,
        memory: QuantizedTensor,
        output: QuantizedTensor,
        weights: np.ndarray,
        bias: np.ndarray,
        scale: float,
    ):
        self.inputs = (memory,)
        self.output = output
        self._weights = weights.reshape(output.shape[-1], -1)
        self._bias = bias.astype(np.int32)
        largest = np.abs(self._weights.astype(np.int64)).sum(1) * -memory.limits[0]
        if (largest + np.abs(bias.astype(np.int64))).max() > _INT32:
            raise ValueError("a sum of this SVDF may need more than 32 bits")
        factor = np.float32(memory.scale) * np.float32(scale) / np.float32(output.scale)
        self._scale = quantize_multiplier(float(factor))

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        past = arrays[0].astype(np.int64).reshape(len(arrays[0]), *self._weights.shape)
        sums = (past * self._weights).sum(2) + self._bias
        scaled = requantize(sums, *self._scale, rounding="double") + self.output.zero_point
        clipped: np.ndarray = np.clip(scaled, *self.output.limits)
        return clipped.astype(self.output.dtype)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("weights", self._weights), Constant("bias", self._bias))

    @property
    def macs(self) -> int:
        return self.output.shape[0] * self._weights.size

    def body(self, kernel: str) -> str:
        units, length = self._weights.shape
        low, high = (limit - self.output.zero_point for limit in self.output.limits)
        multiplier, shift = self._scale
        return f"""\
    for (int32_t row = 0; row < {self.output.shape[0]}; ++row) {{
        for (int32_t unit = 0; unit < {units}; ++unit, x0 += {length}) {{
            int32_t sum = {kernel}_bias[unit];
            for (int32_t i = 0; i < {length}; ++i) {{
                sum += {kernel}_weights[unit * {length} + i] * (int32_t)x0[i];
            }}
            sum = mt_clamp(mt_requantize_double(sum, {multiplier}, {shift}), {low}, {high});
            *out++ = ({self.output.dtype}_t)(sum + {self.output.zero_point});
        }}
    }}"""
