# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite models.

``file.py`` opens the file, ``graph.py`` walks its operators: each goes to a converter of ours
(``registry.py``; a file here for each group of operators), else to TVM's (``tvm_importer.py``).
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

from ...dependencies import load
from ...operators.requantize import Rounding
from ..imported import ImportedModel
from .file import open_model
from .graph import import_graph


def read(
    path: pathlib.Path, shapes: Mapping[str, Sequence[int]], rounding: Rounding = "single"
) -> ImportedModel:
    """Import a ``.tflite`` file.

    Tensors are known by index, never by name. What the file says of every operator's results
    (number, shapes, types) is compared with what was imported. Quantized operators that have no
    converter of ours are computed in float between a dequantize and a quantize, those that only
    move data on the integers as they are. Dynamic-range models (weights stored as int8,
    everything computed in float) have their weights as floats; LiteRT computes those in int8
    after quantizing activations on the fly, so answers agree within that quantization.
    """
    load("tvm", "compile models")
    return import_graph(open_model(path), shapes, rounding)
