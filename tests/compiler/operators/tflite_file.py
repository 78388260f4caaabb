# SPDX-License-Identifier: Apache-2.0
"""Models of TensorFlow Lite, made here operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microtvm.compiler.operators import QuantizedTensor

# TensorType of schema.fbs.
ELEMENT_TYPES = {
    "float32": 0,
    "int32": 2,
    "uint8": 3,
    "int64": 4,
    "bool": 6,
    "int16": 7,
    "int8": 9,
    "resource": 13,
}


@dataclass(frozen=True)
class Weights:
    """A quantized constant: one scale for each slice along an axis, one zero point."""

    values: np.ndarray
    scales: np.ndarray
    axis: int
    zero_point: int = 0


class Graph:
    """A subgraph under construction; tensors are known by the numbers that `tensor` gives."""

    def __init__(self, file: ModelFile):
        from ai_edge_litert import schema_py_generated as schema

        self._schema, self._file = schema, file
        self.raw = schema.SubGraphT()
        self.raw.tensors, self.raw.operators = [], []

    def tensor(
        self,
        item: QuantizedTensor | np.ndarray | Weights,
        name: str | None = None,
        variable: bool = False,
    ) -> int:
        """Add a tensor; arrays and weights are constants, a variable keeps its value."""
        values = item.values if isinstance(item, Weights) else item
        tensor = self._schema.TensorT()
        tensor.name = (f"t{len(self.raw.tensors)}" if name is None else name).encode()
        tensor.shape = np.array(values.shape, np.int32)
        tensor.isVariable = variable
        tensor.buffer = 0
        if isinstance(values, np.ndarray):
            tensor.type = ELEMENT_TYPES[values.dtype.name]
            tensor.buffer = self._file.buffer(values)
        else:
            tensor.type = ELEMENT_TYPES[values.dtype]
        quantization = self._schema.QuantizationParametersT()
        if isinstance(item, Weights):
            quantization.scale = item.scales
            quantization.zeroPoint = np.full(item.scales.size, item.zero_point, np.int64)
            quantization.quantizedDimension = item.axis
            tensor.quantization = quantization
        elif isinstance(item, QuantizedTensor) and item.dtype in ("int8", "uint8", "int16"):
            quantization.scale = np.array([item.scale], np.float32)
            quantization.zeroPoint = np.array([item.zero_point], np.int64)
            tensor.quantization = quantization
        self.raw.tensors.append(tensor)
        return len(self.raw.tensors) - 1

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: str | None = None,
        version: int = 2,
        **fields: Any,
    ) -> None:
        """Add a builtin operator, or a custom one where schema.fbs knows no such name.

        Parameters
        ----------
        name : str
            In schema.fbs, e.g. ``"ADD"``.
        inputs, outputs : sequence of int
            Tensors; -1 is an input that is absent.
        options : str, optional
            Its options table, e.g. ``"AddOptions"``.
        version : int
            Of the operator; it decides which types LiteRT lets it have.
        fields
            Of that table; without one, a custom operator's own (``customOptions``).
        """
        node = self._schema.OperatorT()
        node.opcodeIndex = self._file.code(name, version)
        node.inputs = np.array(inputs, np.int32)
        node.outputs = np.array(outputs, np.int32)
        if options:
            node.builtinOptionsType = getattr(self._schema.BuiltinOptions, options)
            node.builtinOptions = getattr(self._schema, f"{options}T")()
            for key, value in fields.items():
                assert hasattr(node.builtinOptions, key), key
                setattr(node.builtinOptions, key, value)
        else:
            vars(node).update(fields)
        self.raw.operators.append(node)

    def intermediates(self, scales: Sequence[tuple[float, int]]) -> None:
        """Give the last operator intermediate tensors, by scale and zero point.

        An LSTM keeps there how its gates' sums and its hidden state are quantized.
        """
        numbers = []
        for scale, zero_point in scales:
            kind = QuantizedTensor((), "int16" if zero_point == 0 else "int8", scale, zero_point)
            numbers.append(self.tensor(kind))
        self.raw.operators[-1].intermediates = np.array(numbers, np.int32)

    def ends(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Say which tensors are the subgraph's inputs and outputs."""
        self.raw.inputs = np.array(inputs, np.int32)
        self.raw.outputs = np.array(outputs, np.int32)


class ModelFile:
    """A ``.tflite`` file under construction."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self.raw = schema.ModelT()
        self.raw.version, self.raw.buffers = 3, [schema.BufferT()]
        self.raw.subgraphs, self.raw.operatorCodes = [], []
        self._codes: dict[tuple[str, int], int] = {}

    def graph(self) -> Graph:
        """Add a subgraph; the first is the model."""
        graph = Graph(self)
        self.raw.subgraphs.append(graph.raw)
        return graph

    def buffer(self, values: np.ndarray) -> int:
        """Add a constant's bytes."""
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.raw.buffers.append(buffer)
        return len(self.raw.buffers) - 1

    def code(self, name: str, version: int) -> int:
        """The index of an operator and version."""
        key = name, version
        if key not in self._codes:
            code = self._schema.OperatorCodeT()
            code.builtinCode = getattr(self._schema.BuiltinOperator, name, 32)
            if code.builtinCode == 32:  # CUSTOM
                code.customCode = name.encode()
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = version
            self._codes[key] = len(self.raw.operatorCodes)
            self.raw.operatorCodes.append(code)
        return self._codes[key]

    def write(self) -> bytes:
        """The file's bytes."""
        import flatbuffers

        builder = flatbuffers.Builder(1024)
        builder.Finish(self.raw.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def one_operator(
    operator: str,
    inputs: Sequence[QuantizedTensor | np.ndarray | Weights],
    output: QuantizedTensor | Sequence[QuantizedTensor],
    options: str | None = None,
    version: int = 2,
    **fields: Any,
) -> bytes:
    """A ``.tflite`` file with one builtin operator.

    Parameters
    ----------
    operator : str
        Its name in schema.fbs, e.g. ``"ADD"``.
    inputs : sequence of QuantizedTensor or array
        The model's inputs; arrays and weights are constants.
    output : QuantizedTensor or sequence of QuantizedTensor
    options : str, optional
        Its options table, e.g. ``"AddOptions"``.
    version : int
        Of the operator; it decides which types LiteRT lets it have.
    fields
        Of that table.
    """
    outputs = [output] if isinstance(output, QuantizedTensor) else list(output)
    file = ModelFile()
    graph = file.graph()
    given = [graph.tensor(item) for item in inputs]
    results = [graph.tensor(item) for item in outputs]
    graph.operator(operator, given, results, options, version, **fields)
    variable = [isinstance(item, QuantizedTensor) for item in inputs]
    graph.ends([i for i, known in zip(given, variable, strict=True) if known], results)
    return file.write()
