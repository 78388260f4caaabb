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
from ..frontends.tflite.file import indices, open_model
from ..frontends.tflite.tensor import type_number
from .quiet import quiet
from .runtime import Array, NoRuntimeError, RefusedInputsError, stacked

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
        _refuse_biases_read_as_64_bits(model)
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
        # Behind the boxes that it finds, a detector leaves what was there before.
        detections = [
            number
            for operator in loaded._get_ops_details()
            if operator["op_name"] == "TFLite_Detection_PostProcess"
            for number in operator["outputs"]
        ]
        for index in range(len(inputs[0])):
            for detail, array in zip(details, inputs, strict=True):
                loaded.set_tensor(detail["index"], array[index])
            for number in detections:
                loaded.tensor(number)()[...] = 0
            try:
                with quiet():
                    loaded.invoke()
            except RuntimeError as error:
                first = str(error).strip().splitlines()[0]
                raise RefusedInputsError(f"LiteRT itself fails on the inputs: {first}") from error
            samples.append([loaded.get_tensor(d["index"]) for d in loaded.get_output_details()])
        return stacked(samples)


# Which operands are the input and the bias of layers that LiteRT has for int16.
_BIASED = {"CONV_2D": (0, 2), "FULLY_CONNECTED": (0, 2), "TRANSPOSE_CONV": (2, 3)}


def _refuse_biases_read_as_64_bits(model: pathlib.Path) -> None:
    """LiteRT takes the bias of a layer of int16 for int64 unless the layer's options say int32.

    It does not look at the bias itself, and reads beyond it; seen in 2.3.0.

    Raises
    ------
    NoRuntimeError
        Naming the first such operator and its bias.
    """
    file = open_model(model)
    for subgraph, tensors in zip(file.subgraphs, file.tensors, strict=True):
        for position in range(subgraph.OperatorsLength()):
            operator = subgraph.Operators(position)
            name, _ = file.operator_name(operator)
            operands = indices(operator.InputsAsNumpy())
            source, bias = _BIASED.get(name, (0, len(operands)))
            if bias >= len(operands) or operands[bias] < 0:
                continue
            kinds = tensors[operands[source]].dtype, tensors[operands[bias]].dtype
            options = file.options(operator)
            if kinds != ("int16", "int32") or options is None:
                continue
            if options.QuantizedBiasType() != type_number("int32"):
                raise NoRuntimeError(
                    f"LiteRT reads the int32 bias {tensors[operands[bias]].name!r} of {name} as "
                    "int64, and beyond its end, as the operator's options lack quantized_bias_type;"
                    " the compiled model has it as int32"
                )
