# SPDX-License-Identifier: Apache-2.0
"""ONNX models."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..dependencies import load
from ..errors import CompileError, ModelFileError, UnsupportedOperatorError
from .imported import ImportedModel


def read(path: pathlib.Path, shapes: Mapping[str, Sequence[int]]) -> ImportedModel:
    """Import an ``.onnx`` file."""
    onnx = load("onnx", "read ONNX models")
    load("tvm", "compile models")
    frontend = load("tvm.relax.frontend.onnx", "read ONNX models")
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except OSError:
        raise
    except Exception as error:  # protobuf and onnx raise types of their own
        raise ModelFileError(f"{path} is not a valid ONNX model: {error}") from error

    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    all_shapes = {value.name: _shape(path, value, shapes) for value in inputs}
    try:
        module = frontend.from_onnx(model, shape_dict=all_shapes)
    except Exception as error:  # the importer raises many types
        raise _explain(path, error) from error
    return ImportedModel(
        module=module,
        input_names=[value.name for value in inputs],
        output_names=[value.name for value in model.graph.output],
        source=str(path),
    )


def _shape(path: pathlib.Path, value: Any, shapes: Mapping[str, Sequence[int]]) -> list[int]:
    if value.name in shapes:
        return list(shapes[value.name])
    extents = []
    for dim in value.type.tensor_type.shape.dim:
        if not dim.HasField("dim_value"):
            raise CompileError(
                f"{path}: input {value.name} has an open dimension"
                f"{' ' + dim.dim_param if dim.dim_param else ''}; a board needs fixed shapes, "
                f"give one with shapes={{{value.name!r}: (...)}}"
            )
        extents.append(dim.dim_value)
    return extents


def _explain(path: pathlib.Path, error: Exception) -> CompileError:
    text = str(error).strip()
    listed = re.search(r"not supported[^:]*:\s*(.+)", text)
    if listed:
        operators = re.findall(r"[A-Za-z_]\w*", listed.group(1))
        return UnsupportedOperatorError(
            str(path), operators, "not supported by TVM's ONNX importer"
        )
    return CompileError(
        f"{path}: TVM's ONNX importer failed: {text.splitlines()[0] if text else error!r}",
        details=text,
    )
