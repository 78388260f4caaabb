# SPDX-License-Identifier: Apache-2.0
"""What layers share whose tensors are uint8 or int16: bias and scales, and outputs from 64 bits."""

from __future__ import annotations

import numpy as np

from .accumulate import channel_multipliers
from .operator import Constant
from .requantize import Form, requantize, short_multiplier
from .tensor import QuantizedTensor

_ELEMENTS = {"int8": "MT_INT8", "uint8": "MT_UINT8", "int16": "MT_INT16"}


class WideAccumulator:
    """Bias and scales of a layer, one for each output channel.

    Sums are of inputs from which the zero point is taken, times weights from which theirs is.

    Parameters
    ----------
    weights : integer array, shape (channels, depth)
        Without their zero point: from -255 to 255.
    bias : integer array, shape (channels,), or None
        In steps of the input's scale times the channel's.
    scales : array, shape (1,) or (channels,)
        Of the weights.
    input, output : QuantizedTensor
        Of one type: int8, uint8, or int16 with zero points 0.
    limits : pair of int, optional
        Smallest and largest output.
    form : {"single", "double", "upwards", "short"}
        How sums are scaled, see `requantize`.

    Raises
    ------
    ValueError
        If sums may leave the range in which their scaling is exact, or tensors have other types.

    Attributes
    ----------
    products : int
        The largest that a sum of products may be in size, without the bias.
    """

    def __init__(
        self,
        weights: np.ndarray,
        bias: np.ndarray | None,
        scales: np.ndarray,
        input: QuantizedTensor,
        output: QuantizedTensor,
        limits: tuple[int, int] | None,
        form: Form,
    ):
        if input.dtype != output.dtype or input.dtype not in _ELEMENTS:
            raise ValueError(f"a layer from {input.dtype} to {output.dtype} is none of these")
        if input.dtype == "int16" and (input.zero_point or output.zero_point):
            raise ValueError("tensors of int16 have the zero point 0")
        channels = weights.shape[0]
        self.bias = np.zeros(channels, np.int64) if bias is None else bias.astype(np.int64)
        self.output, self.form = output, form
        self.low, self.high = limits or output.limits
        as_xnnpack = form == "single" and input.dtype != "int16"
        pairs = channel_multipliers(scales, channels, input, output, as_xnnpack)
        if form == "short":
            pairs = [(short_multiplier(multiplier), shift) for multiplier, shift in pairs]
        self.scales = np.array(pairs, np.int32)
        self.scales[self.scales[:, 0] == 0, 1] = -2  # zero by any shift
        largest = max(input.limits[1] - input.zero_point, input.zero_point - input.limits[0])
        if 255 * 128 * weights.shape[1] >= 2**31:  # what weights' zero point comes to
            raise ValueError("sums of a layer may need more than 32 bits")
        products = largest * np.abs(weights.astype(np.int64)).sum(1)
        self.weights, self.products = weights, int(products.max(initial=0))
        self._check(products + np.abs(self.bias))

    def _check(self, reach: np.ndarray) -> None:
        if self.form == "short":
            if reach.max() >= 2**47 or self.scales[:, 1].max() > 14:
                raise ValueError("sums of a layer may need more than 47 bits")
        elif ((reach >= 2**31) & (self.scales[:, 1] < -14)).any():
            # They are saturated at 32 bits, which must saturate the output as well.
            raise ValueError("sums of a layer may need more than 32 bits")

    def finish(self, sums: np.ndarray) -> np.ndarray:
        """Outputs of sums of products whose last axis are the channels."""
        total = sums + self.bias
        if self.form != "short":
            total = np.clip(total, -(2**31), 2**31 - 1)
        scaled = requantize(total, self.scales[:, 0], self.scales[:, 1], self.form)
        clipped: np.ndarray = np.clip(scaled + self.output.zero_point, self.low, self.high)
        return clipped.astype(self.output.dtype)

    @property
    def element(self) -> str:
        """C text of the tensors' ``mt_element``."""
        return _ELEMENTS[self.output.dtype]

    def output_text(self) -> str:
        """C initializer of an ``mt_output``."""
        return f"{{{self.output.zero_point}, {self.low}, {self.high}, MT_{self.form.upper()}}}"

    def constants(self) -> tuple[Constant, ...]:
        """Bias and scales."""
        scales = np.stack([self.scales[:, 0], -2 - self.scales[:, 1]], 1).ravel()
        return Constant("bias", self.bias), Constant("scales", scales)


def stored_weights(weights: np.ndarray, zero_point: int) -> tuple[np.ndarray, int]:
    """Weights as int8, and the zero point that they have then: 0 where all fit without one.

    Parameters
    ----------
    weights : int8 or uint8 array
    zero_point : int
        Of the weights.
    """
    centred = weights.astype(np.int64) - zero_point
    zero = 0
    if centred.min(initial=0) < -128 or centred.max(initial=0) > 127:
        zero = zero_point - 128  # of uint8; int8 weights have the zero point 0
    return (centred + zero).astype(np.int8), zero


def products_in_32_bits(weights: np.ndarray, input: QuantizedTensor) -> int:
    """How many products may be summed in 32 bits: a multiple of 4, at least the depth if all.

    Parameters
    ----------
    weights : int8 array, shape (channels, depth)
        As they are stored.
    input : QuantizedTensor
        Its elements are multiplied without their zero point.
    """
    depth: int = -(-weights.shape[1] // 4) * 4
    largest = 2**15 if input.dtype == "int16" else 255
    if largest * np.abs(weights.astype(np.int64)).sum(1).max() < 2**31:
        return depth
    return (2**31 - 1) // (largest * 128) // 4 * 4
