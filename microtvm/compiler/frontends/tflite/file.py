# SPDX-License-Identifier: Apache-2.0
"""The file: a flatbuffer, opened and looked over."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Any

from ...dependencies import load
from ...errors import CompileError, ModelFileError
from .tensor import Tensor, describe

_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class ModelFile:
    """An open ``.tflite`` file.

    Attributes
    ----------
    source : str
        What errors call it.
    model : tflite.Model
    subgraphs : list of tflite.SubGraph
        The first is the model, the others are bodies of its control flow.
    tensors : list of list of Tensor
        Of each subgraph.
    """

    source: str
    model: Any
    subgraphs: list[Any]
    tensors: list[list[Tensor]]

    def operator_name(self, operator: Any) -> tuple[str, bool]:
        """Name in schema.fbs and False; for a custom operator its own name and True."""
        tflite: Any = load("tflite", "read TensorFlow Lite models")
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        # Files before schema 3a have the number in the deprecated field, later ones in both.
        number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
        if number == tflite.BuiltinOperator.CUSTOM:
            return (code.CustomCode() or b"CUSTOM").decode(errors="replace"), True
        return builtin_names().get(number, f"number {number}"), False

    def options(self, operator: Any) -> Any:
        """The operator's table of options, or None."""
        tflite: Any = load("tflite", "read TensorFlow Lite models")
        union = operator.BuiltinOptions()
        kinds = {v: k for k, v in vars(tflite.BuiltinOptions).items() if isinstance(v, int)}
        kind = kinds.get(operator.BuiltinOptionsType())
        table = getattr(tflite, kind, None) if kind and kind != "NONE" else None
        if union is None or table is None:
            return None
        options = table()
        options.Init(union.Bytes, union.Pos)
        return options


def builtin_names() -> dict[int, str]:
    """Names of the builtin operators of schema.fbs, by number."""
    tflite: Any = load("tflite", "read TensorFlow Lite models")
    return {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}


def indices(vector: Any) -> list[int]:
    """A vector of tensor indices; flatbuffers gives 0 for one that is absent."""
    return [] if isinstance(vector, int) else [int(i) for i in vector]


def open_model(path: pathlib.Path) -> ModelFile:
    """Open a file and read what it says of its tensors.

    Raises
    ------
    ModelFileError
        If it is no TensorFlow Lite model, or a damaged one.
    """
    data = path.read_bytes()
    if data[4:8] != _IDENTIFIER:
        raise ModelFileError(
            f"{path} is not a TensorFlow Lite model: bytes 4 to 7 are {data[4:8]!r}, "
            f"not {_IDENTIFIER!r}"
        )
    tflite: Any = load("tflite", "read TensorFlow Lite models")
    try:
        model = tflite.Model.GetRootAsModel(data, 0)
        subgraphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
        tensors = [
            [describe(model, graph, i) for i in range(graph.TensorsLength())] for graph in subgraphs
        ]
        opened = ModelFile(str(path), model, subgraphs, tensors)
        for graph, known in zip(subgraphs, tensors, strict=True):
            _check_indices(opened, graph, len(known))
        if not subgraphs:
            raise ValueError("it holds no graph")
    except CompileError as error:
        raise ModelFileError(f"{path} is a damaged TensorFlow Lite model: {error}") from error
    except Exception as error:  # flatbuffers checks nothing; damage shows as any error
        raise ModelFileError(f"{path} is a damaged TensorFlow Lite model: {error!r}") from error
    return opened


def _check_indices(model: ModelFile, graph: Any, count: int) -> None:
    used = indices(graph.InputsAsNumpy()) + indices(graph.OutputsAsNumpy())
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        model.operator_name(operator)
        used += [j for j in indices(operator.InputsAsNumpy()) if j != -1]
        used += indices(operator.OutputsAsNumpy())
    for index in used:
        if not 0 <= index < count:
            raise ValueError(f"tensor {index} of {count}")
