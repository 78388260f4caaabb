# SPDX-License-Identifier: Apache-2.0
"""Logistic function and hyperbolic tangent of int16, whose results are in steps of 2^-15.

LiteRT has two forms. By a table of 256 values of the logistic function, 24 for each unit, with
straight lines between them; tanh(x) is 2 * logistic(2x) - 1. And in fixed point, where the input
is in steps of 2^-12 (for tanh 2^-11 as well), which its reference kernels and TensorFlow Lite Micro
have not.
"""

from __future__ import annotations

import math

import numpy as np

from .fixed_point import logistic, tanh
from .operator import Constant, Operator
from .requantize import Rounding
from .tensor import QuantizedTensor

_STEPS = 24  # of the table, for each unit


def _table() -> np.ndarray:
    """2^16 times the logistic function, moved by half the error that straight lines have."""

    def scaled(place: np.ndarray) -> np.ndarray:
        result: np.ndarray = 65536 / (1 + np.exp(-place / _STEPS))
        return result

    place = np.arange(256, dtype=np.float64)
    error = (scaled(place) + scaled(place + 1)) / 2 - scaled(place + 0.5)
    table: np.ndarray = np.rint(scaled(place) - error / 2)
    table[-1] = 65535
    return table.astype(np.uint16)


def power_of_two(scale: float) -> int | None:
    """The exponent of a scale that is a power of two, to a thousandth, as LiteRT tests it."""
    exact = math.log2(scale)
    return round(exact) if abs(exact - round(exact)) < 1e-3 else None


class Sigmoid(Operator):
    """Logistic function or hyperbolic tangent of an int16 tensor.

    Parameters
    ----------
    input : QuantizedTensor
        Of int16, with zero point 0.
    output : QuantizedTensor
        Of int16, with scale 2^-15 and zero point 0.
    is_tanh : bool
    rounding : {"single", "double"}
        LiteRT's default, or what its reference kernels do.

    Raises
    ------
    ValueError
        If the input's scale is larger than 2.6 or so small that all inputs give one result.
    """

    def __init__(
        self, input: QuantizedTensor, output: QuantizedTensor, is_tanh: bool, rounding: Rounding
    ):
        self.name = "tanh" if is_tanh else "logistic"
        self.inputs = (input,)
        self.output = output
        self._is_tanh = is_tanh
        exponent = power_of_two(input.scale)
        exact = exponent == -12 or (is_tanh and exponent == -11)
        self._doublings = 12 + exponent if exact and exponent is not None else 0
        self._in_fixed_point = exact and rounding == "single"
        if exact:
            self._multiplier, self._shift = 3 << self._doublings, 0
        else:
            factor, self._shift = input.scale * 4096 * 3, 0
            while factor <= 32767 / 2 and self._shift <= 30:
                factor, self._shift = factor * 2, self._shift + 1
            self._multiplier = int(factor)
        if not 1 <= self._multiplier <= 32767:
            raise ValueError(f"no {self.name} of int16 with the scale {input.scale}")

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        value = arrays[0].astype(np.int64)
        if self._in_fixed_point:
            function = tanh if self._is_tanh else logistic
            return function(np.clip(value << self._doublings, -32768, 32767)).astype(np.int16)
        nudge = 1 << (self._shift - 1) if self._shift else 0
        value = (value * self._multiplier + nudge) >> self._shift
        size, bits = np.abs(value), 8 if self._is_tanh else 9
        place = np.minimum(size >> bits, 254)
        table = _table().astype(np.int64)
        rest = size & ((1 << bits) - 1)
        line = (table[place] << bits) + rest * (table[place + 1] - table[place])
        far = size >> bits >= 255
        if self._is_tanh:
            line = np.where(far, 0xFFFF << 8, line)
            result = np.where(value >= 0, line - (1 << 23) + 128, (1 << 23) - line + 127) >> 8
        else:
            line = np.where(far, 0x7FFF << 10, line)
            result = np.where(value >= 0, line + 512, (1 << 25) - line + 511) >> 10
        return result.astype(np.int16)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_fixed_point.h",) if self._in_fixed_point else ()

    @property
    def constants(self) -> tuple[Constant, ...]:
        return () if self._in_fixed_point else (Constant("table", _table()),)

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def body(self, kernel: str) -> str:
        if self._in_fixed_point:
            value = f"mt_saturate16(x0[i] * {1 << self._doublings})"
            return (
                f"    for (int32_t i = 0; i < {self.output.size}; ++i) {{\n"
                f"        out[i] = (int16_t)mt_{self.name}16({value});\n"
                "    }"
            )
        nudge = f" + {1 << (self._shift - 1)}" if self._shift else ""
        bits = 8 if self._is_tanh else 9
        far = "0xffff << 8" if self._is_tanh else "0x7fff << 10"
        ends = (
            "value >= 0 ? line - (1 << 23) + 128 : (1 << 23) - line + 127"
            if self._is_tanh
            else "value >= 0 ? line + 512 : (1 << 25) - line + 511"
        )
        return f"""\
    for (int32_t i = 0; i < {self.output.size}; ++i) {{
        int32_t value = (x0[i] * {self._multiplier}{nudge}) >> {self._shift};
        int32_t size = value < 0 ? -value : value;
        int32_t place = size >> {bits};
        int32_t line = {far};
        if (place < 255) {{
            int32_t base = {kernel}_table[place];
            int32_t slope = {kernel}_table[place + 1] - base;
            line = base * {1 << bits} + (size & {(1 << bits) - 1}) * slope;
        }}
        out[i] = (int16_t)(({ends}) >> {8 if self._is_tanh else 10});
    }}"""
