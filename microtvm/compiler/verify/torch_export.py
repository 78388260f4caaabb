# SPDX-License-Identifier: Apache-2.0
"""PyTorch, for exported programs."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiled import CompiledModel
from ..frontends.torch.program import Program, results
from .runtime import Array, NoRuntimeError, RefusedInputsError, stacked


class Runtime:
    """See `ModelRuntime`."""

    def __init__(self, model: pathlib.Path, compiled: CompiledModel) -> None:
        try:
            import torch
        except ImportError:
            raise NoRuntimeError(
                "PyTorch is not installed; pip install 'microtvm[torch]' brings it"
            ) from None
        self._torch: Any = torch
        self.name = f"PyTorch {torch.__version__}"
        self._program = Program(model)
        self._compiled = compiled
        targets = [str(node.target) for node in self._program.exported.graph.nodes]
        self.is_approximate = any(t.startswith("quantized_decomposed.") for t in targets)

    def scales(self) -> list[float | None]:
        """Programs take and give float; what is quantized in between is approximate."""
        return [None for _ in self._compiled.outputs]

    def answers(self, inputs: Sequence[Array]) -> list[list[Array]]:
        """See `ModelRuntime`. Among equal values topk gives any; a second time, the first ones."""
        exported, topk = self._program.exported, self._torch.ops.aten.topk.default
        programs = [exported]
        if any(node.target is topk for node in exported.graph.nodes):
            programs.append(exported.run_decompositions({topk: self._first}))
        return [self._run(program.module(), inputs) for program in programs]

    def _first(
        self, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> tuple[Any, ...]:
        ranked = self._torch.sort(x, stable=True, dim=dim, descending=largest)
        return tuple(part.narrow(dim, 0, k) for part in ranked)

    def _run(self, module: Any, inputs: Sequence[Array]) -> list[Array]:
        samples = []
        for index in range(len(inputs[0])):
            tensors = [self._torch.from_numpy(np.array(array[index])) for array in inputs]
            arguments, keywords = self._program.arguments(tensors)
            try:
                with self._torch.no_grad():
                    returned = module(*arguments, **keywords)
            except Exception as error:  # its kernels raise many types
                first = str(error).strip().splitlines()[0]
                raise RefusedInputsError(f"PyTorch itself fails on the inputs: {first}") from error
            samples.append(
                [tensor.detach().numpy().copy() for tensor in results(returned).values()]
            )
        return stacked(samples)
