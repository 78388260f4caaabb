# SPDX-License-Identifier: Apache-2.0
"""TVM's importer of ONNX, and what the file says compared with what it made."""

from __future__ import annotations

import contextlib
import io
import pathlib
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from ...dependencies import load
from ...errors import CompileError, UnsupportedOperatorError
from ...interface import Interface
from ...operators import Operator, OperatorTable
from ...program import TensorInfo
from ..imported import ImportedModel
from .calls import understood


def import_model(path: pathlib.Path, model: Any, operators: Sequence[Operator]) -> ImportedModel:
    """Import a prepared model, which calls operators of ours by number.

    Raises
    ------
    CompileError
        If TVM's importer fails, or an input or output is not of the shape or type that the file
        says.
    """
    onnx: Any = load("onnx", "read ONNX models")
    frontend = load("tvm.relax.frontend.onnx", "read ONNX models")
    graph = model.graph
    table = OperatorTable()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
            understood(operators, table),
        ):
            warnings.simplefilter("ignore")
            module = frontend.from_onnx(model)
    except Exception as error:  # the importer raises many types
        raise _failed(path, error) from error
    main = module["main"]
    returned = getattr(main.ret_ty, "fields", None)
    _compare(onnx, path, "input", graph.input, [p.ty for p in main.params])
    _compare(onnx, path, "output", graph.output, returned or [main.ret_ty])
    return ImportedModel(
        module=module,
        input_names=[value.name for value in graph.input],
        output_names=[value.name for value in graph.output],
        source=str(path),
        operators=table,
        declared=Interface(
            tuple(_declared(onnx, value) for value in graph.input),
            tuple(_declared(onnx, value) for value in graph.output),
        )
        if all(_is_fixed(value) for value in [*graph.input, *graph.output])
        else None,
    )


def _is_fixed(value: Any) -> bool:
    tensor = value.type.tensor_type
    return tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim)


def _declared(onnx: Any, value: Any) -> TensorInfo:
    """What the file says; kernels have been seen to answer in another type than TVM's importer."""
    tensor = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return TensorInfo(value.name, tuple(d.dim_value for d in tensor.shape.dim), dtype)


def _failed(path: pathlib.Path, error: Exception) -> CompileError:
    """In words of the model: the operator at which TVM's importer gave up. Its text is details."""
    node = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_construct_nodes":
            node = frame.f_locals.get("node", node)
    text = str(error).strip() or repr(error)
    if node is None:
        return CompileError(
            f"{path}: the model cannot be imported; simplify it (onnxsim) or export it anew, and "
            "if that does not help report it with the model",
            details=text,
        )
    made = ", ".join(name for name in node.output if name)
    return UnsupportedOperatorError(
        str(path),
        [node.op_type],
        f"the one that makes {made} cannot be imported in this form; inputs other than its data "
        "have to be constants, and simplifying the model (onnxsim) makes them so where it can",
        details=text,
    )


def _compare(onnx: Any, path: pathlib.Path, what: str, said: Any, made: Any) -> None:
    if len(said) != len(made):
        raise CompileError(
            f"{path} has {len(said)} {what}s, but {len(made)} were imported; this is a bug"
        )
    for value, type_ in zip(said, made, strict=True):
        tensor = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        if str(getattr(type_, "dtype", dtype)) != dtype:
            raise CompileError(
                f"{path}: {what} {value.name} is {dtype}, but was imported as {type_.dtype}; "
                "an operator's result type is not what the model says"
            )
        shape = getattr(type_, "shape", None)
        if shape is None:
            raise CompileError(
                f"{path}: the shape of {what} {value.name} is known only at run time; inputs that "
                "give an operator a shape, axes or a count have to be constants of the model"
            )
        extents: list[Any] = [getattr(e, "value", None) for e in shape]
        wanted = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
        if (
            tensor.HasField("shape")
            and None not in extents
            and (
                len(extents) != len(wanted)
                or any(w not in (None, int(e)) for w, e in zip(wanted, extents, strict=True))
            )
        ):
            raise CompileError(
                f"{path}: {what} {value.name} has the shape {wanted}, but was imported as "
                f"{[int(e) for e in extents]}"
            )
