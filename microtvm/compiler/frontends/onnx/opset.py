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
        If onnx cannot convert it, or changes the shape of an input or output on the way.
    """
    if version(model) >= OLDEST:
        return model
    converter: Any = load("onnx.version_converter", "read ONNX models")
    try:
        converted = converter.convert_version(model, OLDEST)
    except Exception as error:  # onnx raises RuntimeError and its own
        reason = " ".join(str(error).split())[:300]
        raise CompileError(
            f"{path}: its operators are of version {version(model)}, and onnx cannot convert them "
            f"to version {OLDEST} ({reason}); export the model with opset {OLDEST} or later"
        ) from error
    before, after = _shapes(model), _shapes(converted)
    for name in before:
        # Scan of version 8 has a batch in front, which onnx takes away, the model's too.
        if name in after and len(before[name]) != len(after[name]):
            raise CompileError(
                f"{path}: its operators are of version {version(model)}, and onnx converts them to "
                f"version {OLDEST} with another shape of {name}, {after[name]} for {before[name]}; "
                f"export the model with opset {OLDEST} or later"
            )
    return converted


def _shapes(model: Any) -> dict[str, list[int | str]]:
    """Of inputs and outputs of which the file gives any, by name."""
    graph = model.graph
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
        if value.type.tensor_type.HasField("shape")
    }
