# SPDX-License-Identifier: Apache-2.0
"""Operators on two tensors, element by element, with NumPy's broadcasting."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass

import numpy as np

from .float_scale import float_scale, scale_as_float
from .loops import collapse, index, nest, row_major, strides
from .operator import Operator
from .requantize import Rounding, quantize_multiplier, requantize
from .tensor import QuantizedTensor

_Range = tuple[int, int]


class Binary(Operator):
    """An element of the output is a function of an element of each input.

    Parameters
    ----------
    a, b, output : QuantizedTensor
    limits : pair of int, optional
        Smallest and largest output: a fused activation's; the type's where not given.
    """

    def __init__(
        self,
        a: QuantizedTensor,
        b: QuantizedTensor,
        output: QuantizedTensor,
        limits: _Range | None = None,
    ):
        self.inputs = (a, b)
        self.output = output
        self.low, self.high = limits or output.limits

    @property
    def overwritable(self) -> tuple[int, ...]:
        return tuple(
            i
            for i, tensor in enumerate(self.inputs)
            if tensor.shape == self.output.shape and tensor.nbytes == self.output.nbytes
        )

    @abc.abstractmethod
    def statements(self, a: str, b: str, out: str) -> list[str]:
        """C statements for one element, given the operands' and the result's C text."""

    def body(self, kernel: str) -> str:
        shape = self.output.shape
        extents, (sa, sb, so) = collapse(
            shape, [*(strides(t.shape, shape) for t in self.inputs), row_major(shape)]
        )
        return nest(
            extents, self.statements(f"x0[{index(sa)}]", f"x1[{index(sb)}]", f"out[{index(so)}]")
        )

    def _clip(self, values: np.ndarray) -> np.ndarray:
        clipped: np.ndarray = np.clip(values, self.low, self.high)
        return clipped.astype(self.output.dtype)

    @property
    def _c_type(self) -> str:
        return f"{self.output.dtype}_t"


@dataclass(frozen=True)
class ShortAddition:
    """``(bias + a * multipliers[0] + b * multipliers[1]) >> shift``, before the zero point."""

    bias: int
    multipliers: tuple[int, int]
    shift: int


class Add(Binary):
    """Sum, or difference, of two quantized tensors.

    With one rounding as XNNPACK does it, LiteRT's default for int8 and uint8: multipliers of 21
    bits for both operands, and one shift. With two as LiteRT's reference kernels do it: both
    operands brought to twice the larger scale with 20 (15 for int16) bits to spare. XNNPACK leaves
    the rest of them, where scales are too far apart, to the reference kernels, and so is it here.

    Parameters
    ----------
    a, b, output, limits
        As in `Binary`.
    rounding : {"single", "double"}
    subtract : bool
        Whether b is subtracted.

    Attributes
    ----------
    short : ShortAddition or None
        XNNPACK's form, where it is this one.
    """

    def __init__(
        self,
        a: QuantizedTensor,
        b: QuantizedTensor,
        output: QuantizedTensor,
        limits: _Range | None = None,
        rounding: Rounding = "single",
        subtract: bool = False,
    ):
        super().__init__(a, b, output, limits)
        self.name = "sub" if subtract else "add"
        self._sign = -1 if subtract else 1
        ratios = [np.float32(t.scale) / np.float32(output.scale) for t in (a, b)]
        self.short: ShortAddition | None = None
        if (
            rounding == "single"
            and output.dtype in ("int8", "uint8")
            and all(2**-10 <= ratio < 2**8 for ratio in ratios)
        ):
            shift = 20 - (math.frexp(float(max(ratios)))[1] - 1)
            m0, m1 = (int(np.rint(np.ldexp(r, shift))) for r in ratios)
            m1 *= self._sign
            bias = (1 << (shift - 1)) - m0 * a.zero_point - m1 * b.zero_point
            self.short = ShortAddition(bias, (m0, m1), shift)
        else:
            self._left = 15 if output.dtype == "int16" else 20
            larger = 2 * max(a.scale, b.scale)
            self._scales = [quantize_multiplier(t.scale / larger) for t in (a, b)]
            self._last = quantize_multiplier(larger / ((1 << self._left) * output.scale))

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = (x.astype(np.int64) for x in arrays)
        zero = self.output.zero_point
        if self.short is not None:
            m0, m1 = self.short.multipliers
            total = (self.short.bias + a * m0 + b * m1) >> self.short.shift
            return self._clip(total + zero)
        wide = [
            requantize((x - t.zero_point) << self._left, *scale, rounding="double")
            for x, t, scale in zip((a, b), self.inputs, self._scales, strict=True)
        ]
        total = wide[0] + self._sign * wide[1]
        return self._clip(requantize(total, *self._last, rounding="double") + zero)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    def statements(self, a: str, b: str, out: str) -> list[str]:
        zero = self.output.zero_point
        low, high = self.low - zero, self.high - zero
        if self.short is not None:
            m0, m1 = self.short.multipliers
            return [
                f"int32_t sum = {self.short.bias} + (int32_t){a} * {m0} + (int32_t){b} * {m1};",
                f"sum = mt_clamp(sum >> {self.short.shift}, {low}, {high});",
                f"{out} = ({self._c_type})(sum + {zero});",
            ]
        lines = []
        for name, x, t, (m, s) in zip("ab", (a, b), self.inputs, self._scales, strict=True):
            value = f"((int32_t){x} - {t.zero_point}) * {1 << self._left}"
            lines.append(f"int32_t {name} = mt_requantize_double({value}, {m}, {s});")
        m, s = self._last
        sign = "-" if self._sign < 0 else "+"
        return [
            *lines,
            f"int32_t sum = mt_requantize_double(a {sign} b, {m}, {s});",
            f"{out} = ({self._c_type})(mt_clamp(sum, {low}, {high}) + {zero});",
        ]


class Mul(Binary):
    """Product of two quantized tensors.

    With one rounding as XNNPACK does it for int8 and uint8, through float32's roundings; with two,
    and for int16, by multiplier and shift.

    Parameters
    ----------
    a, b, output, limits
        As in `Binary`.
    rounding : {"single", "double"}
    """

    name = "mul"

    def __init__(
        self,
        a: QuantizedTensor,
        b: QuantizedTensor,
        output: QuantizedTensor,
        limits: _Range | None = None,
        rounding: Rounding = "single",
    ):
        super().__init__(a, b, output, limits)
        product = np.float32(a.scale) * np.float32(b.scale) / np.float32(output.scale)
        self._factor = float(product)
        self._as_float = (
            rounding == "single"
            and output.dtype in ("int8", "uint8")
            and 2**-16 <= self._factor < 2**8
        )
        self._scale = (
            float_scale(self._factor)
            if self._as_float
            else quantize_multiplier(a.scale * b.scale / output.scale)
        )

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = (x.astype(np.int64) - t.zero_point for x, t in zip(arrays, self.inputs, strict=True))
        scaled = (
            scale_as_float(a * b, self._factor)
            if self._as_float
            else requantize(a * b, *self._scale, rounding="double")
        )
        return self._clip(scaled + self.output.zero_point)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_float_scale.h",) if self._as_float else ("microtvm_requantize.h",)

    def statements(self, a: str, b: str, out: str) -> list[str]:
        zero = self.output.zero_point
        low, high = self.low - zero, self.high - zero
        za, zb = (t.zero_point for t in self.inputs)
        m, s = self._scale
        product = f"int32_t product = ((int32_t){a} - {za}) * ((int32_t){b} - {zb});"
        if self._as_float:
            scaled = f"mt_scale_as_float(product, {m}, {s}, {low}, {high})"
        else:
            scaled = f"mt_clamp(mt_requantize_double(product, {m}, {s}), {low}, {high})"
        return [product, f"{out} = ({self._c_type})({scaled} + {zero});"]


class Extremum(Binary):
    """The smaller or the larger of two tensors that are quantized alike.

    Parameters
    ----------
    a, b, output : QuantizedTensor
        All of one type, scale and zero point.
    largest : bool
    """

    def __init__(
        self, a: QuantizedTensor, b: QuantizedTensor, output: QuantizedTensor, largest: bool
    ):
        super().__init__(a, b, output)
        kinds = {(t.dtype, t.scale, t.zero_point) for t in (a, b, output)}
        if len(kinds) != 1:
            raise ValueError(f"minimum and maximum need tensors quantized alike, not {kinds}")
        self.name = "maximum" if largest else "minimum"
        self._largest = largest

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        function = np.maximum if self._largest else np.minimum
        result: np.ndarray = function(*arrays)
        return result

    def statements(self, a: str, b: str, out: str) -> list[str]:
        sign = ">" if self._largest else "<"
        return [f"{out} = {a} {sign} {b} ? {a} : {b};"]
