# SPDX-License-Identifier: Apache-2.0
"""Variable tensors, in which layers with memory keep what they need for the next run."""

from __future__ import annotations

from typing import Any

import numpy as np

from .context import OperatorContext
from .quantization import dequantize, quantize
from .tensor import Tensor


class Memory:
    """A variable tensor."""

    def __init__(self, context: OperatorContext, index: int):
        self.tensor: Tensor = context.input(index)
        self._context = context
        self._key = "tensor", context.subgraph, self.tensor.index
        zero = int(self.tensor.zero_point) if self.tensor.quantized else 0
        context.variables.start(self._key, np.full(self.tensor.shape, zero, self.tensor.dtype))

    def stored(self) -> Any:
        """Its value as the file has it."""
        return self._context.variables.read(self._key, self.tensor)

    def store(self, value: Any) -> Any:
        """Keep a value of its type; returns a variable for it."""
        value = self._context.emit(value)
        self._context.variables.assign(self._key, self.tensor, value)
        return value

    def read(self) -> Any:
        """Its value as float numbers."""
        return self._real(self.stored())

    def write(self, value: Any) -> Any:
        """Keep float numbers; returns them as they are after rounding."""
        return self._real(
            self.store(quantize(value, self.tensor) if self.tensor.quantized else value)
        )

    def _real(self, value: Any) -> Any:
        if not self.tensor.quantized:
            return value
        return self._context.emit(dequantize(value, self.tensor))
