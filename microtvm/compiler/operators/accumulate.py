# SPDX-License-Identifier: Apache-2.0
"""What operators that accumulate int8 products share: bias, scales, and the layout of weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .operator import Constant
from .requantize import Rounding, quantize_multiplier, requantize
from .tensor import QuantizedTensor


def channel_multipliers(
    scales: np.ndarray,
    channels: int,
    input: QuantizedTensor,
    output: QuantizedTensor,
    as_xnnpack: bool,
) -> list[tuple[int, int]]:
    """For each channel what `quantize_multiplier` makes of its factor.

    Parameters
    ----------
    scales : array, shape (1,) or (channels,)
        Of the weights.
    as_xnnpack : bool
        Whether the factor is computed in float32, as XNNPACK does, which is LiteRT's default for
        8 bits; its other kernels have it in double.
    """
    spread = np.broadcast_to(np.asarray(scales, np.float32), (channels,))
    if as_xnnpack:
        factors = np.float32(input.scale) * spread / np.float32(output.scale)
    else:
        factors = float(input.scale) * spread.astype(np.float64) / float(output.scale)
    return [quantize_multiplier(float(factor)) for factor in factors]


class Accumulator:
    """Weights, bias and scales of a layer, one row of weights for each output channel.

    Parameters
    ----------
    weights : int8 array, shape (channels, depth)
        Their zero point is 0.
    bias : int32 array, shape (channels,), or None
        In steps of the input's scale times the channel's.
    scales : array, shape (1,) or (channels,)
        Of the weights.
    input, output : QuantizedTensor
    limits : pair of int, optional
        Smallest and largest output.
    rounding : {"single", "double"}
    """

    def __init__(
        self,
        weights: np.ndarray,
        bias: np.ndarray | None,
        scales: np.ndarray,
        input: QuantizedTensor,
        output: QuantizedTensor,
        limits: tuple[int, int] | None,
        rounding: Rounding,
    ):
        channels = weights.shape[0]
        self.weights = weights
        wide = weights.astype(np.int64)
        given = np.zeros(channels, np.int64) if bias is None else bias.astype(np.int64)
        self.bias = given - input.zero_point * wide.sum(1)
        if np.abs(self.bias).max(initial=0) + (np.abs(wide).sum(1) * 128).max() >= 2**31:
            raise ValueError("sums of a layer may need more than 32 bits")
        pairs = channel_multipliers(scales, channels, input, output, rounding == "single")
        self.scales = np.array(pairs, np.int32)
        self.scales[self.scales[:, 0] == 0, 1] = -2  # zero by any shift
        self.output = output
        self.low, self.high = limits or output.limits
        self.rounding: Rounding = rounding

    def finish(self, sums: np.ndarray) -> np.ndarray:
        """Outputs of sums of products whose last axis are the channels."""
        total = requantize(sums + self.bias, self.scales[:, 0], self.scales[:, 1], self.rounding)
        clipped: np.ndarray = np.clip(total + self.output.zero_point, self.low, self.high)
        return clipped.astype(self.output.dtype)

    @property
    def depth(self) -> int:
        """Products of each sum, rounded up to a multiple of 4."""
        return -(-int(self.weights.shape[1]) // 4) * 4

    @property
    def packs(self) -> bool:
        """Whether two channels' sums can be taken at once: the upper one needs 24 bits or less."""
        return bool((128 * np.abs(self._padded()).sum(1) < 2**23).all()) and bool(
            (self.weights > -128).all()
        )

    @property
    def late(self) -> bool:
        """Whether the bias would not fit beside the sum in those bits."""
        reach = 128 * np.abs(self.weights.astype(np.int64)).sum(1) + np.abs(self.bias)
        return bool((reach >= 2**23).any())

    def output_text(self) -> str:
        """C initializer of an ``mt_output``."""
        form = "MT_SINGLE"
        if self.rounding == "double":
            form = "MT_DOUBLE"
        elif self.scales[:, 1].max() <= -2 and (self.low, self.high) == (-128, 127):
            form = "MT_COMMON"
        return f"{{{self.output.zero_point}, {self.low}, {self.high}, {form}}}"

    def constants(self, in_fours: bool) -> tuple[Constant, ...]:
        """Weights for four channels at a time, bias and scales.

        Parameters
        ----------
        in_fours : bool
            Whether the DSP form has elements of four in the order 0, 2, 1, 3.
        """
        padded = self._padded()
        plain = padded.reshape(-1, 4, self.depth).transpose(0, 2, 1)
        pairs = self._pairs(in_fours) if self.packs else None
        bias = np.zeros(padded.shape[0], np.int32)
        bias[: len(self.bias)] = self.bias
        return (
            Constant("weights", plain.astype(np.int8), pairs, self._vectors()),
            Constant("bias", bias, self._starts(bias) if self.packs else None, bias),
            self.scales_constant(range(4)),
        )

    def _starts(self, bias: np.ndarray) -> np.ndarray:
        """Where the sums of two channels begin, which come together in the odd one."""
        fours = bias.astype(np.int64).reshape(-1, 4)
        lower, upper = fours[:, [0, 0, 2, 2]], fours[:, [1, 3]]
        if self.late:
            return np.concatenate([lower, upper], 1).astype(np.int32)
        lower[:, [1, 3]] += 256 * upper
        return lower.astype(np.int32)

    def _vectors(self) -> np.ndarray:
        """Sixteen elements of each of four channels in turn."""
        padded = self._padded()
        depth = -(-padded.shape[1] // 16) * 16
        wide = np.zeros((padded.shape[0], depth), np.int8)
        wide[:, : padded.shape[1]] = padded
        return np.ascontiguousarray(wide.reshape(-1, 4, depth // 16, 16).transpose(0, 2, 1, 3))

    def scales_constant(self, lanes: Sequence[int] | None) -> Constant:
        """Each channel's ``mt_scale``; with MVE, four channels' multipliers and then their shifts.

        Parameters
        ----------
        lanes : sequence of int, or None
            The order of channels in vectors, which repeats; none where there is no MVE form.
        """
        plain = np.stack([self.scales[:, 0], -2 - self.scales[:, 1]], 1).ravel()
        if lanes is None:
            return Constant("scales", plain)
        padded = np.zeros((-(-len(self.scales) // len(lanes)) * len(lanes), 2), np.int32)
        padded[: len(self.scales)] = self.scales + [0, 1]
        ordered = padded.reshape(-1, len(lanes), 2)[:, lanes].reshape(-1, 4, 2)
        return Constant("scales", plain, mve=np.ascontiguousarray(ordered.transpose(0, 2, 1)))

    def _padded(self) -> np.ndarray:
        channels, depth = self.weights.shape
        padded = np.zeros((-(-channels // 4) * 4, self.depth), np.int64)
        padded[:channels, :depth] = self.weights
        return padded

    def _pairs(self, in_fours: bool) -> np.ndarray:
        """Halfwords 256 * (odd channel) + (even channel), two elements to a word."""
        padded = self._padded()
        halves = (256 * padded[1::2] + padded[0::2]).reshape(-1, 2, self.depth // 4, 4)
        order = [0, 2, 1, 3] if in_fours else [0, 1, 2, 3]
        halves = halves[..., order].reshape(-1, 2, self.depth // 2, 2) & 0xFFFF
        words: np.ndarray = halves[..., 0] | halves[..., 1] << 16
        result: np.ndarray = words.transpose(0, 2, 1)
        return result.astype(np.uint32)
