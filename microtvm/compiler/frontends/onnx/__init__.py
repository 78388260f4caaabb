# SPDX-License-Identifier: Apache-2.0
"""ONNX models.

``file.py`` opens the file, ``shapes.py`` fixes its shapes, ``opset.py`` brings old operators to a
later form. ``prepare.py`` then folds what is constant, has quantized operators computed in integers
(``integers/``), and lets the rewrites of ours (``rewrites/``, a file for each group of operators)
put operators that TVM's importer lacks or mistakes into ones that it gets right.
``tvm_importer.py`` hands over what is left.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...dependencies import load
from ..imported import ImportedModel
from .file import open_model
from .opset import convert_old
from .prepare import prepare
from .shapes import fix_shapes
from .tvm_importer import import_model


def read(path: pathlib.Path, shapes: Mapping[str, Sequence[int]]) -> ImportedModel:
    """Import an ``.onnx`` file.

    An open first dimension of an input that has no other is a batch, and is taken as 1; every
    other open dimension has to be given.

    Raises
    ------
    ModelFileError
        If it is not a valid ONNX model.
    UnsupportedOperatorError
        If operators cannot be compiled: all of them, with the reason of each.
    CompileError
        If a shape is open, or what TVM's importer made is not what the file says.
    """
    load("tvm", "compile models")
    load("onnx", "read ONNX models")
    return read_model(path, open_model(path), shapes)


def read_model(
    path: pathlib.Path, model: Any, shapes: Mapping[str, Sequence[int]]
) -> ImportedModel:
    """Import an ``onnx.ModelProto``, as `read` does; ``path`` is what errors call it."""
    notes = fix_shapes(path, model, shapes)
    imported = import_model(path, *prepare(path, convert_old(path, model)))
    return replace(imported, notes=notes)
