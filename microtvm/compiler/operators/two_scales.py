# SPDX-License-Identifier: Apache-2.0
"""Operands whose scales differ, brought to a common one with bits to spare, as LiteRT does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor


class TwoScales:
    """Two quantized tensors in steps of a common scale, rounded twice.

    Parameters
    ----------
    tensors : pair of QuantizedTensor
    common : float
        The scale; at least that of each tensor.
    spare : int
        Bits by which its steps are finer than that.
    """

    def __init__(self, tensors: Sequence[QuantizedTensor], common: float, spare: int):
        self._tensors = tensors
        self._scales = [quantize_multiplier(t.scale / common) for t in tensors]
        self._spare = spare

    def compute(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Both, of int64."""
        return [
            requantize(
                (x.astype(np.int64) - t.zero_point) << self._spare, *scale, rounding="double"
            )
            for x, t, scale in zip(arrays, self._tensors, self._scales, strict=True)
        ]

    def statements(self, a: str, b: str) -> list[str]:
        """C that declares ``a`` and ``b`` as int32_t, of these elements."""
        lines = []
        for name, x, t, (m, s) in zip("ab", (a, b), self._tensors, self._scales, strict=True):
            value = f"((int32_t){x} - {t.zero_point}) * {1 << self._spare}"
            lines.append(f"int32_t {name} = mt_requantize_double({value}, {m}, {s});")
        return lines
