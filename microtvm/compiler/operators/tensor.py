# SPDX-License-Identifier: Apache-2.0
"""The type of a tensor whose integers stand for real numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..dtypes import itemsize


@dataclass(frozen=True)
class QuantizedTensor:
    """Integers ``q`` that stand for ``scale * (q - zero_point)``.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
        NumPy's name, e.g. ``"int8"``. A float tensor (``"float32"``, at the ends of a quantized
        part) has scale 1 and zero point 0.
    scale : float
        Positive. One for the whole tensor: activations are quantized per tensor; the scales of
        a weight's channels are an operator's own.
    zero_point : int
    """

    shape: tuple[int, ...]
    dtype: str
    scale: float = 1.0
    zero_point: int = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the dense tensor."""
        return self.size * itemsize(self.dtype)

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest integer of the element type."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def dequantize(self, values: np.ndarray) -> np.ndarray:
        """The real numbers that integers stand for, as float64."""
        return self.scale * (values.astype(np.float64) - self.zero_point)
