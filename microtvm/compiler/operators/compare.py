# SPDX-License-Identifier: Apache-2.0
"""Comparisons of two quantized tensors, whose scales may differ."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import Binary
from .tensor import QuantizedTensor
from .two_scales import TwoScales

_SIGNS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "equal": ("==", operator.eq),
    "not_equal": ("!=", operator.ne),
    "greater": (">", operator.gt),
    "greater_equal": (">=", operator.ge),
    "less": ("<", operator.lt),
    "less_equal": ("<=", operator.le),
}
_LEFT = 8  # bits to spare, as LiteRT has them


class Compare(Binary):
    """Whether a relation holds between the real numbers of two quantized tensors.

    As LiteRT does it, both numbers are rounded to multiples of 1/256 first, twice: numbers that
    are closer than that may count as equal.

    Parameters
    ----------
    relation : {"equal", "not_equal", "greater", "greater_equal", "less", "less_equal"}
    a, b : QuantizedTensor
        With scales below 1.
    output : QuantizedTensor
        Of bool.
    """

    def __init__(
        self, relation: str, a: QuantizedTensor, b: QuantizedTensor, output: QuantizedTensor
    ):
        super().__init__(a, b, output, (0, 1))
        if not (a.scale < 1 and b.scale < 1):
            raise ValueError(f"scales are {a.scale} and {b.scale}, but must be below 1")
        self.name = relation
        self._sign, self._holds = _SIGNS[relation]
        self._operands = TwoScales((a, b), 1.0, _LEFT)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        a, b = self._operands.compute(arrays)
        result: np.ndarray = self._holds(a, b)
        return result

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_requantize.h",)

    def statements(self, a: str, b: str, out: str) -> list[str]:
        return [*self._operands.statements(a, b), f"{out} = a {self._sign} b;"]
