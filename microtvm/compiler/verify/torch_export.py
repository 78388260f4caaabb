# SPDX-License-Identifier: Apache-2.0
"""PyTorch, for exported programs."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiled import CompiledModel
from .runtime import Array, NoRuntimeError, stacked


class Runtime:
    """See `ModelRuntime`."""

    is_approximate = False

    def __init__(self, model: pathlib.Path, compiled: CompiledModel) -> None:
        try:
            import torch
        except ImportError:
            raise NoRuntimeError("PyTorch is not installed; pip install torch brings it") from None
        self._torch: Any = torch
        self.name = f"PyTorch {torch.__version__}"
        self._program = torch.export.load(str(model)).module()
        self._compiled = compiled

    def scales(self) -> list[float | None]:
        """Nothing is quantized."""
        return [None for _ in self._compiled.outputs]

    def answers(self, inputs: Sequence[Array]) -> list[list[Array]]:
        """See `ModelRuntime`; there is one set of kernels."""
        samples = []
        for index in range(len(inputs[0])):
            with self._torch.no_grad():
                result = self._program(*(self._torch.from_numpy(a[index]) for a in inputs))
            outputs = result if isinstance(result, (tuple, list)) else [result]
            samples.append([np.asarray(output) for output in outputs])
        return [stacked(samples)]
