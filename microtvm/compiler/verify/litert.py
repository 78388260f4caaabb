# SPDX-License-Identifier: Apache-2.0
"""LiteRT, for TensorFlow Lite models: its default kernels, and its reference kernels."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np

from ..compiled import CompiledModel
from .quiet import quiet
from .runtime import Array, NoRuntimeError, stacked

_PACKAGE = "ai-edge-litert"


class Runtime:
    """See `ModelRuntime`."""

    def __init__(self, model: pathlib.Path, compiled: CompiledModel) -> None:
        try:
            from ai_edge_litert import interpreter
        except ImportError:
            raise NoRuntimeError(
                "LiteRT is not installed; pip install 'microtvm[verify]' brings it"
            ) from None
        self._interpreter: Any = interpreter
        self._content = model.read_bytes()
        self._compiled = compiled
        self.name = f"LiteRT {metadata.version(_PACKAGE)}"
        resolvers = interpreter.OpResolverType
        self._default = self._load(resolvers.AUTO)
        self._refuse_narrow_states()
        self._kernels = [self._default]
        # The reference kernels lack a few operators (ELU, CEIL) that the default ones have.
        with contextlib.suppress(NoRuntimeError):
            self._kernels.append(self._load(resolvers.BUILTIN_REF))
        self.is_approximate = self._has_integer_weights()

    def _load(self, resolver: Any) -> Any:
        try:
            with quiet():
                loaded = self._interpreter.Interpreter(
                    model_content=self._content, experimental_op_resolver_type=resolver
                )
                for detail, tensor in zip(
                    loaded.get_input_details(), self._compiled.inputs, strict=True
                ):
                    if tuple(detail["shape"]) != tensor.shape:
                        loaded.resize_tensor_input(detail["index"], tensor.shape)
                loaded.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            raise NoRuntimeError(f"LiteRT itself refuses the model: {first}") from error
        return loaded

    def _refuse_narrow_states(self) -> None:
        """LiteRT's SVDF takes a state of int8, as older models have it, for int16: it overruns."""
        types = {d["index"]: np.dtype(d["dtype"]) for d in self._default.get_tensor_details()}
        for operator in self._default._get_ops_details():
            if operator["op_name"] == "SVDF" and types.get(operator["inputs"][4]) == np.int8:
                raise NoRuntimeError(
                    "LiteRT has no SVDF whose state is int8, and would write outside of it"
                )

    def _has_integer_weights(self) -> bool:
        """Whether float operators have weights that are stored as integers."""
        types = {np.dtype(detail["dtype"]) for detail in self._default.get_tensor_details()}
        ends = [*self._default.get_input_details(), *self._default.get_output_details()]
        return np.dtype(np.int8) in types and all(d["dtype"] == np.float32 for d in ends)

    def scales(self) -> list[float | None]:
        """The outputs' scales."""
        return [
            float(detail["quantization"][0]) or None
            for detail in self._default.get_output_details()
        ]

    def answers(self, inputs: Sequence[Array]) -> list[list[Array]]:
        """See `ModelRuntime`."""
        return [self._run(loaded, inputs) for loaded in self._kernels]

    def _run(self, loaded: Any, inputs: Sequence[Array]) -> list[Array]:
        details, samples = loaded.get_input_details(), []
        for index in range(len(inputs[0])):
            for detail, array in zip(details, inputs, strict=True):
                loaded.set_tensor(detail["index"], array[index])
            try:
                with quiet():
                    loaded.invoke()
            except RuntimeError as error:
                first = str(error).strip().splitlines()[0]
                raise NoRuntimeError(f"LiteRT itself fails on the inputs: {first}") from error
            samples.append([loaded.get_tensor(d["index"]) for d in loaded.get_output_details()])
        return stacked(samples)
