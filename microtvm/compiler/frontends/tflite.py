# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite models."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..dependencies import load
from ..errors import CompileError, ModelFileError, UnsupportedOperatorError
from ..passes.round_average_pool import RoundAveragePool
from .imported import ImportedModel

_IDENTIFIER = b"TFL3"


def read(path: pathlib.Path, shapes: Mapping[str, Sequence[int]]) -> ImportedModel:
    """Import a ``.tflite`` file.

    Two things that TVM's importer does not do are added. Dynamic-range models (weights stored as
    int8, everything computed in float) are imported with their weights as floats; LiteRT computes
    those in int8 after quantizing activations on the fly, so answers agree within that
    quantization. And integer average pools round as LiteRT does (`RoundAveragePool`).
    """
    data = path.read_bytes()
    if data[4:8] != _IDENTIFIER:
        raise ModelFileError(
            f"{path} is not a TensorFlow Lite model: bytes 4 to 7 are {data[4:8]!r}, "
            f"not {_IDENTIFIER!r}"
        )
    tflite: Any = load("tflite", "read TensorFlow Lite models")
    load("tvm", "compile models")
    frontend = load("tvm.relax.frontend.tflite.tflite_frontend", "read TensorFlow Lite models")
    try:
        model = tflite.Model.GetRootAsModel(data, 0)
        graph = model.Subgraphs(0)
        inputs = [graph.Tensors(i).Name().decode() for i in graph.InputsAsNumpy()]
        outputs = [graph.Tensors(i).Name().decode() for i in graph.OutputsAsNumpy()]
        float_weights = _dynamic_range_weights(tflite, model, graph)
    except Exception as error:  # flatbuffers checks nothing; damage shows as any error
        raise ModelFileError(f"{path} is a damaged TensorFlow Lite model: {error!r}") from error
    try:
        module = frontend.from_tflite(
            model,
            shape_dict={name: tuple(shape) for name, shape in shapes.items()} or None,
            op_converter=_converter(frontend, float_weights),
        )
    except Exception as error:  # the importer raises many types
        raise _explain(path, error) from error
    main = module["main"].without_attr("params").without_attr("num_input")
    module.update_func(module.get_global_var("main"), main)
    return ImportedModel(
        module=RoundAveragePool()(module),
        input_names=inputs,
        output_names=outputs,
        source=str(path),
    )


def _dynamic_range_weights(tflite: Any, model: Any, graph: Any) -> dict[int, np.ndarray]:
    """Constant tensors that are stored as integers but used by float operators, as floats."""
    types = {tflite.TensorType.INT8: np.int8, tflite.TensorType.UINT8: np.uint8}
    weights = {}
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        operands = [i for i in operator.InputsAsNumpy() if i >= 0]
        results = list(operator.OutputsAsNumpy())
        if not operands or not results:
            continue
        if any(
            graph.Tensors(i).Type() != tflite.TensorType.FLOAT32 for i in [operands[0], *results]
        ):
            continue
        for i in operands[1:]:
            tensor = graph.Tensors(i)
            stored = model.Buffers(tensor.Buffer()).DataAsNumpy()
            quantization = tensor.Quantization()
            if (
                tensor.Type() in types
                and isinstance(stored, np.ndarray)
                and quantization is not None
                and quantization.ScaleLength()
            ):
                values = stored.view(types[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
                weights[int(i)] = _dequantize(values, quantization)
    return weights


def _dequantize(values: np.ndarray, quantization: Any) -> np.ndarray:
    """Floats of quantized values, per tensor or per slice along the quantized dimension."""
    scale = np.atleast_1d(quantization.ScaleAsNumpy()).astype(np.float32)
    zero = np.zeros_like(scale, dtype=np.int64)
    if quantization.ZeroPointLength():
        zero = np.atleast_1d(quantization.ZeroPointAsNumpy()).astype(np.int64)
    along = [1] * values.ndim
    if scale.size > 1:
        along[quantization.QuantizedDimension()] = scale.size
    centred = values.astype(np.int64) - zero.reshape(along if zero.size > 1 else [1] * values.ndim)
    return np.ascontiguousarray(centred.astype(np.float32) * scale.reshape(along))


class _FloatTensor:
    """A tensor of the file, seen as a float tensor without quantization."""

    def __init__(self, tensor: Any, float32: int):
        self._tensor = tensor
        self._float32 = float32

    def Type(self) -> int:
        return self._float32

    def Quantization(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tensor, name)


class _FloatBuffer:
    """The bytes of such a tensor."""

    def __init__(self, values: np.ndarray):
        self._bytes = values.view(np.uint8).ravel()

    def DataAsNumpy(self) -> np.ndarray:
        return self._bytes

    def DataLength(self) -> int:
        return int(self._bytes.size)


def _converter(frontend: Any, float_weights: Mapping[int, np.ndarray]) -> Any:
    """TVM's operator converter, given floats for the weights of dynamic-range operators."""

    class Converter(frontend.OperatorConverter):  # type: ignore[misc]
        def get_tensors(self, indices: Any) -> list[Any]:
            from tflite.TensorType import TensorType

            return [
                frontend.TensorWrapper(
                    wrapper.tensor_idx,
                    _FloatTensor(wrapper.tensor, TensorType.FLOAT32),
                    _FloatBuffer(float_weights[wrapper.tensor_idx]),
                )
                if wrapper.tensor_idx in float_weights
                else wrapper
                for wrapper in super().get_tensors(indices)
            ]

    return Converter


def _explain(path: pathlib.Path, error: Exception) -> CompileError:
    text = str(error).strip()
    listed = re.search(r"not supported in frontend TFLite(?: yet)?: (.+)", text)
    if listed:
        operators = re.findall(r"'(\w+)'", listed.group(1))
        return UnsupportedOperatorError(
            str(path), operators, "not supported by TVM's TensorFlow Lite importer"
        )
    if "Custom operators" in text:
        return UnsupportedOperatorError(
            str(path), ["CUSTOM"], "custom operators cannot be compiled by TVM"
        )
    return CompileError(
        f"{path}: TVM's TensorFlow Lite importer failed: "
        f"{text.splitlines()[0] if text else repr(error)}",
        details=text,
    )
