# SPDX-License-Identifier: Apache-2.0
"""Opening an ONNX file."""

from __future__ import annotations

import pathlib
from typing import Any

from ...dependencies import load
from ...errors import ModelFileError


def open_model(path: pathlib.Path) -> Any:
    """The file's ``ModelProto``, checked by onnx; initializers are no longer among its inputs.

    Raises
    ------
    ModelFileError
        If it is not a valid ONNX model.
    """
    onnx: Any = load("onnx", "read ONNX models")
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except OSError:
        raise
    except Exception as error:  # protobuf and onnx raise types of their own
        raise ModelFileError(f"{path} is not a valid ONNX model: {error}") from error
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, 4)  # from which on they need not be inputs
    return model
