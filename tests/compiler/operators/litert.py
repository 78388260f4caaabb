# SPDX-License-Identifier: Apache-2.0
"""What LiteRT answers for a model of one operator that is made here."""

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
}


@dataclass(frozen=True)
class Weights:
    """A quantized constant: one scale for each slice along an axis; zero points are 0."""

    values: np.ndarray
    scales: np.ndarray
    axis: int


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
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    outputs = [output] if isinstance(output, QuantizedTensor) else list(output)
    graph, model = schema.SubGraphT(), schema.ModelT()
    model.buffers = [schema.BufferT()]
    graph.tensors = []
    for index, given in enumerate([*inputs, *outputs]):
        item = given.values if isinstance(given, Weights) else given
        tensor = schema.TensorT()
        if isinstance(given, Weights):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = given.scales
            tensor.quantization.zeroPoint = np.zeros(given.scales.size, np.int64)
            tensor.quantization.quantizedDimension = given.axis
        constant = isinstance(item, np.ndarray)
        tensor.name = f"t{index}".encode()
        tensor.shape = np.array(item.shape, np.int32)
        tensor.type = ELEMENT_TYPES[item.dtype.name if constant else item.dtype]
        tensor.buffer = 0
        if constant:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(item.tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
        elif item.dtype not in ("float32", "int32", "int64", "bool"):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([item.scale], np.float32)
            tensor.quantization.zeroPoint = np.array([item.zero_point], np.int64)
        graph.tensors.append(tensor)
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = version
    node = schema.OperatorT()
    node.opcodeIndex = 0
    node.inputs = np.arange(len(inputs), dtype=np.int32)
    node.outputs = np.arange(len(inputs), len(inputs) + len(outputs), dtype=np.int32)
    if options:
        node.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        node.builtinOptions = getattr(schema, f"{options}T")()
        for name, value in fields.items():
            assert hasattr(node.builtinOptions, name), name
            setattr(node.builtinOptions, name, value)
    graph.operators = [node]
    graph.inputs = np.array(
        [i for i, item in enumerate(inputs) if isinstance(item, QuantizedTensor)], np.int32
    )
    graph.outputs = node.outputs
    model.subgraphs, model.operatorCodes, model.version = [graph], [code], 3
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def answer(model: bytes, arrays: Sequence[np.ndarray], reference: bool = False) -> np.ndarray:
    """LiteRT's output: by default with XNNPACK, or of its reference kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    result: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return result
