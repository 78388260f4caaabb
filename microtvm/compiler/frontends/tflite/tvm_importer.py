# SPDX-License-Identifier: Apache-2.0
"""TVM's importer for one operator, shown the tensors as we want it to see them.

It reads the flatbuffer itself, knows tensors by name and has few forms for quantized ones. Here it
is given views of the tensors instead: named by index, and in one of three ways (`View`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...dependencies import load
from .file import ModelFile
from .tensor import Tensor, type_number


class View(enum.Enum):
    """How TVM's importer sees quantized tensors."""

    QUANTIZED = "quantized"  # as they are
    INTEGER = "integer"  # integers that stand for nothing: for operators that move data
    FLOAT = "float"  # the real numbers, between a dequantize and a quantize


class _TensorView:
    """A tensor in the interface of ``tflite.Tensor``."""

    def __init__(self, raw: Any, tensor: Tensor, view: View):
        self._raw = raw
        self._tensor = tensor
        self._view = view

    def Name(self) -> bytes:
        return f"tensor_{self._tensor.index}".encode()

    def Type(self) -> int:
        as_float = self._view is View.FLOAT and self._tensor.quantized
        return type_number("float32") if as_float else int(self._raw.Type())

    def ShapeLength(self) -> int:
        return len(self._tensor.shape)

    def ShapeAsNumpy(self) -> Any:
        return np.array(self._tensor.shape, np.int32) if self._tensor.shape else 0

    def Quantization(self) -> Any:
        return self._raw.Quantization() if self._view is View.QUANTIZED else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class _Buffer:
    """Bytes in the interface of ``tflite.Buffer``."""

    def __init__(self, values: np.ndarray):
        self._bytes = np.frombuffer(values.tobytes(), np.uint8)

    def DataAsNumpy(self) -> np.ndarray:
        return self._bytes

    def DataLength(self) -> int:
        return int(self._bytes.size)


class _SubgraphView:
    """A subgraph whose tensors are views."""

    def __init__(self, raw: Any, tensor: Callable[[int], Any]):
        self._raw = raw
        self.Tensors = tensor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class TvmImporter:
    """Converts single operators of a subgraph with TVM's importer.

    Parameters
    ----------
    file : ModelFile
    subgraph : tflite.SubGraph
    tensors : mapping of int to Tensor
        By index; looked up anew for every operator, since shapes become known on the way.
    builder : tvm.relax.BlockBuilder
    """

    def __init__(self, file: ModelFile, subgraph: Any, tensors: Mapping[int, Tensor], builder: Any):
        frontend = load("tvm.relax.frontend.tflite.tflite_frontend", "read TensorFlow Lite models")
        self._tensors = tensors
        self._raw = subgraph
        self._model = file.model
        self._frontend = frontend
        self._view = View.QUANTIZED
        view = _SubgraphView(subgraph, self._tensor_view)
        self._converter = _converter_class(frontend, self)(
            file.model, view, frontend.ExprTable(), builder
        )

    def knows(self, operator: str) -> bool:
        """Whether there is a converter for this builtin operator."""
        return operator in self._converter.convert_map

    def convert(self, name: str, operator: Any, view: View, values: Mapping[int, Any]) -> Any:
        """Convert an operator.

        Parameters
        ----------
        name : str
        operator : tflite.Operator
        view : View
        values : mapping of int to Relax expression
            Of its inputs that are no constants, as the view has them.
        """
        self._view = view
        table = self._frontend.ExprTable()
        for index, value in values.items():
            table.set_expr(f"tensor_{index}", value)
        self._converter.exp_tab = table
        self._converter.prefetched_nodes = {}
        return self._converter.convert_map[name](op=operator)

    def _tensor_view(self, index: int) -> _TensorView:
        return _TensorView(self._raw.Tensors(index), self._tensors[index], self._view)

    def wrapper(self, index: int) -> Any:
        """A tensor as TVM's importer hands it around."""
        if index < 0:
            return self._frontend.TensorWrapper(index, 0, 0)
        tensor = self._tensors[index]
        view = self._tensor_view(index)
        buffer = self._model.Buffers(view.Buffer())
        if tensor.data is not None:
            as_float = self._view is View.FLOAT and tensor.quantized
            buffer = _Buffer(tensor.dequantized() if as_float else tensor.data)
        elif buffer is not None and buffer.DataLength() == 0:
            buffer = _Buffer(np.zeros(0, np.uint8))  # the importer asks for the bytes
        parameters = None
        if self._view is View.QUANTIZED and tensor.quantized:
            relax: Any = load("tvm.relax", "compile models")
            parameters = {
                "scale": relax.const(tensor.scale, "float32"),
                "zero_point": relax.const(tensor.zero_point, "int32"),
                "axis": tensor.axis,
            }
        return self._frontend.TensorWrapper(index, view, buffer, parameters)


def _converter_class(frontend: Any, importer: TvmImporter) -> Any:
    class Converter(frontend.OperatorConverter):  # type: ignore[misc]
        def get_tensors(self, tensors_idx_list: Any) -> list[Any]:
            return [importer.wrapper(int(i)) for i in self._indices_or_empty(tensors_idx_list)]

        def get_expr(self, input_tensor_idx: int) -> Any:
            # Some of TVM's converters ask for an expression even of a constant.
            if self.has_expr(input_tensor_idx):
                return super().get_expr(input_tensor_idx)
            return self.get_tensor_expr(importer.wrapper(int(input_tensor_idx)))

        def _indices_or_empty(self, indices: Any) -> Any:
            return [] if indices is None or isinstance(indices, int) else indices

    return Converter
