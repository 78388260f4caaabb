# SPDX-License-Identifier: Apache-2.0
"""Models of old operator sets.

TVM's importer takes the nearest form that it knows where it has none for a model's operator set,
and reads a later form's inputs out of an earlier one's: Upsample, Resize 10 and Slice 1 come out
wrong so. onnx's own converter brings them to the first set that all of TVM's forms are made for.
"""

from __future__ import annotations

import pathlib
from typing import Any

from ...dependencies import load
from ...errors import CompileError

OLDEST = 13


def version(model: Any) -> int:
    """The model's version of ONNX's own operators."""
    return max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1)


def convert_old(path: pathlib.Path, model: Any) -> Any:
    """The model with operators of version `OLDEST` or later.

    Raises
    ------
    CompileError
        If onnx cannot convert it.
    """
    if version(model) >= OLDEST:
        return model
    converter: Any = load("onnx.version_converter", "read ONNX models")
    try:
        return converter.convert_version(model, OLDEST)
    except Exception as error:  # onnx raises RuntimeError and its own
        reason = " ".join(str(error).split())[:300]
        raise CompileError(
            f"{path}: its operators are of version {version(model)}, and onnx cannot convert them "
            f"to version {OLDEST} ({reason}); export the model with opset {OLDEST} or later"
        ) from error
