# SPDX-License-Identifier: Apache-2.0
"""Functions of one number: a table of an 8-bit one's 256 results, 513 for an int16 one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .operator import Constant, Operator
from .requantize import Rounding, quantize_multiplier, requantize
from .tensor import QuantizedTensor


class Lookup(Operator):
    """Element-wise function of an 8-bit tensor.

    Parameters
    ----------
    name : str
        The function, e.g. ``"logistic"``.
    input : QuantizedTensor
        Of int8 or uint8.
    output : QuantizedTensor
    table : array of output's type, shape (256,)
        The results for the smallest to the largest input.
    """

    def __init__(
        self, name: str, input: QuantizedTensor, output: QuantizedTensor, table: np.ndarray
    ):
        self.name = name
        self.inputs = (input,)
        self.output = output
        self._table = table.astype(output.dtype)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        indices = arrays[0].astype(np.int32) - self.inputs[0].limits[0]
        return self._table[indices].reshape(self.output.shape)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("table", self._table),)

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,) if self.output.nbytes == self.inputs[0].nbytes else ()

    def body(self, kernel: str) -> str:
        offset = " + 128" if self.inputs[0].dtype == "int8" else ""
        return (
            f"    for (int32_t i = 0; i < {self.output.size}; ++i) {{\n"
            f"        out[i] = {kernel}_table[x0[i]{offset}];\n"
            "    }"
        )


class InterpolatedLookup(Operator):
    """Element-wise function of an int16 tensor: straight lines between 513 results.

    Parameters
    ----------
    name : str
        The function, e.g. ``"exp"``.
    input, output : QuantizedTensor
        Of int16.
    table : array of int16, shape (513,)
        The results for every 128th input, as `interpolated_table` makes them.
    """

    def __init__(
        self, name: str, input: QuantizedTensor, output: QuantizedTensor, table: np.ndarray
    ):
        self.name = name
        self.inputs = (input,)
        self.output = output
        self._table = table

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        return interpolate(self._table, arrays[0])

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_lookup.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        return (Constant("table", self._table),)

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        return (
            f"    for (int32_t i = 0; i < {self.output.size}; ++i) {{\n"
            f"        out[i] = mt_interpolate({kernel}_table, x0[i]);\n"
            "    }"
        )


def interpolate(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The results of int16 values, on the straight lines between a table's 513."""
    value = values.astype(np.int32)
    place, rest = 256 + (value >> 7), value & 127
    wide = table.astype(np.int32)
    # LiteRT keeps slope and sum in 16 bits, where they wrap.
    slope = (wide[place + 1] - wide[place]).astype(np.int16).astype(np.int32)
    result: np.ndarray = (wide[place] + ((slope * rest + 64) >> 7)).astype(np.int16)
    return result


def interpolated_table(
    function: Callable[[np.ndarray], np.ndarray],
    input: QuantizedTensor,
    output: QuantizedTensor,
    real: type[np.floating] = np.float32,
) -> np.ndarray:
    """A real function's results for every 128th int16, as LiteRT computes them in float32.

    Each is moved by half the error that the straight line to the next has in its middle. Within
    its softmax LiteRT computes them in float64, the type ``real`` then.
    """
    low, high = (real(input.scale) * real(limit - input.zero_point) for limit in input.limits)
    smallest, largest = (
        real(output.scale) * real(limit - output.zero_point) for limit in output.limits
    )
    inverse = real(1 << 16) / (largest - smallest)
    step = (high - low) / real(512)
    starts = low + np.arange(513, dtype=real) * step
    exact = function(starts) * inverse
    middle = _rounded(function(starts[:-1] + step / real(2)) * inverse)
    line = _rounded((exact[1:] + _rounded(exact[:-1])) / real(2))
    table = np.append(
        _rounded(exact[:-1]) - _rounded((line - middle) / real(2)),
        _rounded(function(np.array([high])) * inverse),
    )
    clipped: np.ndarray = np.clip(table, *output.limits)
    return clipped.astype(np.int16)


def _rounded(values: np.ndarray) -> np.ndarray:
    """To nearest, halves away from zero."""
    result: np.ndarray = np.copysign(np.floor(np.abs(values) + values.dtype.type(0.5)), values)
    return result


def table_of(
    function: Callable[[np.ndarray], np.ndarray], input: QuantizedTensor, output: QuantizedTensor
) -> np.ndarray:
    """A real function's table, computed in float and rounded half away from zero, as LiteRT does.

    The input is dequantized to float32; ``function`` maps float32 to float32.
    """
    low, high = input.limits
    quantized = np.arange(low, high + 1, dtype=np.int32)
    real = np.float32(input.scale) * (quantized - input.zero_point).astype(np.float32)
    result = function(real).astype(np.float32) * np.float32(1 / np.float32(output.scale))
    rounded = _rounded(result)
    smallest, largest = output.limits
    table: np.ndarray = np.clip(rounded + output.zero_point, smallest, largest)
    return table.astype(output.dtype)


def rescaled_table(
    input: QuantizedTensor,
    output: QuantizedTensor,
    *,
    rounding: Rounding,
    limits: tuple[int, int] | None = None,
    below: float = 1.0,
) -> np.ndarray:
    """The table that brings a tensor to another scale, and may bend it at zero.

    With one rounding as XNNPACK does it, LiteRT's default, with a factor of 8 bits after the point;
    with two, and where a factor is too large or small for that, by multiplier and shift.

    Parameters
    ----------
    input, output : QuantizedTensor
    rounding : {"single", "double"}
    limits : pair of int, optional
        Smallest and largest output.
    below : float
        Factor of what is below zero: 1 for a change of scale, a leaky ReLU's alpha.
    """
    low, high = input.limits
    value = np.arange(low, high + 1, dtype=np.int64) - input.zero_point
    ratio = np.float32(input.scale) / np.float32(output.scale)
    if rounding == "single" and 2**-8 <= ratio <= 2**7:
        factors = [int(np.rint(np.float32(256) * ratio * np.float32(f))) for f in (1.0, below)]
        scaled = (value * np.where(value < 0, factors[1], factors[0]) + 128) >> 8
    else:
        size = np.abs(value) if below < 0 else value
        scaled = np.where(
            value < 0,
            requantize(
                size, *quantize_multiplier(input.scale * abs(below) / output.scale), "double"
            ),
            requantize(value, *quantize_multiplier(input.scale / output.scale), "double"),
        )
    clipped: np.ndarray = np.clip(scaled + output.zero_point, *(limits or output.limits))
    return clipped.astype(output.dtype)
