# SPDX-License-Identifier: Apache-2.0
"""Reading models: one file per format, each giving an `ImportedModel`."""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import CompileError, ModelFileError
from ..operators.requantize import Rounding
from .imported import ImportedModel

# Suffix of the file, and the module here that reads it.
FORMATS = {".tflite": "tflite", ".onnx": "onnx", ".pt2": "torch"}


def read_file(
    path: pathlib.Path, shapes: Mapping[str, Sequence[int]], rounding: Rounding = "single"
) -> ImportedModel:
    """Import a model file.

    Parameters
    ----------
    path : pathlib.Path
    shapes : mapping of str to sequence of int
        Shapes of inputs that the file leaves open.
    rounding : {"single", "double"}
        How operators that run in integers requantize; "double" is TensorFlow Lite's alone.

    Raises
    ------
    ModelFileError
        If there is no such file, its suffix is unknown, or it is not what its suffix says.
    """
    if path.suffix.lower() not in FORMATS:
        raise ModelFileError(
            f"{path} has the suffix {path.suffix or '(none)'}; "
            f"models can be read from {', '.join(FORMATS)} files"
        )
    if not path.is_file():
        raise ModelFileError(f"there is no model file {path}")
    how = [] if rounding == "single" else [rounding]
    if how and path.suffix.lower() != ".tflite":
        raise CompileError(
            f"{path}: two roundings are those of TensorFlow Lite's reference kernels; leave "
            "rounding out for other formats"
        )
    module: Any = importlib.import_module(f".{FORMATS[path.suffix.lower()]}", __name__)
    try:
        model: ImportedModel = module.read(path, shapes, *how)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from error
    unknown = sorted(set(shapes) - set(model.input_names))
    if unknown:
        raise CompileError(
            f"{path} has no input {', '.join(unknown)}; its inputs are "
            f"{', '.join(model.input_names)}"
        )
    return model
