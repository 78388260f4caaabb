# SPDX-License-Identifier: Apache-2.0
"""PyTorch programs saved with ``torch.export.save``.

``program.py`` opens the file and reads its interface; ``flat.py`` makes a program of it that takes
and gives tensors alone, its changing buffers among them; ``exporter.py`` lets PyTorch's own
exporter turn that into ONNX, which is read as every ONNX model is.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...dependencies import load
from ..imported import ImportedModel
from ..onnx import read_model
from .exporter import to_onnx
from .flat import flatten
from .program import Program

__all__ = ["Program", "read"]


def read(path: pathlib.Path, shapes: Mapping[str, Sequence[int]]) -> ImportedModel:
    """Import a ``.pt2`` file.

    An open first dimension is a batch, and is taken as 1; every other open dimension has to be
    given.

    Raises
    ------
    ModelFileError
        If ``torch.export.load`` does not take the file.
    UnsupportedOperatorError
        If an operator has no counterpart in ONNX, or that one cannot be compiled.
    CompileError
        If a shape is open, an input is no tensor or is written into, or what was imported is not
        what the program says.
    """
    load("tvm", "compile models")
    flat = flatten(Program(path), shapes)
    imported = read_model(path, to_onnx(path, flat), {})
    inputs, outputs = len(flat.interface.inputs), len(flat.interface.outputs)
    return replace(
        imported,
        input_names=imported.input_names[:inputs],
        output_names=imported.output_names[:outputs],
        declared=flat.interface,
        states=list(flat.states),
        notes=[*flat.notes, *imported.notes],
    )
