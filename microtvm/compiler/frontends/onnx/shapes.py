# SPDX-License-Identifier: Apache-2.0
"""Fixed shapes for a model's inputs."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import CompileError


def fix_shapes(path: pathlib.Path, model: Any, shapes: Mapping[str, Sequence[int]]) -> list[str]:
    """Write a shape into every input: the one that is given, else the file's own.

    A dimension name (``dim_param``) whose extent is known from one input is known in all. Shapes
    that the file says of other tensors are dropped where they are open: they are inferred again.

    Returns
    -------
    list of str
        A sentence for each input whose batch nobody gave.
    """
    notes: list[str] = []
    known: dict[str, int] = {}
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name in shapes:
            _give(path, value, list(shapes[value.name]), known)
        elif len(dims) > 1 and not _fixed(dims[0]) and all(map(_fixed, dims[1:])):
            known.setdefault(dims[0].dim_param, 1)
    known.pop("", None)
    for value in model.graph.input:
        if not value.type.HasField("tensor_type"):
            raise CompileError(f"{path}: input {value.name} is not a tensor")
        if not value.type.tensor_type.HasField("shape"):
            raise CompileError(f"{path}: input {value.name} has no shape; {_give_one(value.name)}")
        dims = value.type.tensor_type.shape.dim
        if any(_fixed(dim) and dim.dim_value < 1 for dim in dims):
            raise CompileError(
                f"{path}: input {value.name} has no elements: a dimension of its shape is 0"
            )
        batch = len(dims) > 1 and all(map(_fixed, dims[1:]))
        if batch and not _fixed(dims[0]) and known.get(dims[0].dim_param, 1) == 1:
            notes.append(_note(value.name, dims))
        for index, dim in enumerate(dims):
            if _fixed(dim):
                continue
            if dim.dim_param in known:
                dim.dim_value = known[dim.dim_param]
            elif index == 0 and batch:
                dim.dim_value = 1
            else:
                extents = [str(d.dim_value) if _fixed(d) else d.dim_param or "?" for d in dims]
                raise CompileError(
                    f"{path}: input {value.name} has an open dimension in its shape "
                    f"({', '.join(extents)}); a board needs fixed shapes, {_give_one(value.name)}"
                )
    for value in [*model.graph.output, *model.graph.value_info]:
        for dim in value.type.tensor_type.shape.dim:
            if not _fixed(dim):
                dim.ClearField("value")
    return notes


def _note(name: str, dims: Any) -> str:
    others = ",".join(str(dim.dim_value) for dim in dims[1:])
    return (
        f"input {name}: its open first dimension ({dims[0].dim_param or '?'}) is taken as 1; "
        f"--shape {name}=N,{others} makes it N"
    )


def _give_one(name: str) -> str:
    return f"give one with --shape {name}=N,N,... (in Python, shapes={{{name!r}: (...)}})"


def _fixed(dim: Any) -> bool:
    return bool(dim.HasField("dim_value"))


def _give(path: pathlib.Path, value: Any, extents: list[int], known: dict[str, int]) -> None:
    shape = value.type.tensor_type.shape
    if value.type.tensor_type.HasField("shape"):
        said = [dim.dim_value if _fixed(dim) else None for dim in shape.dim]
        if len(said) != len(extents) or any(
            old is not None and old != new for old, new in zip(said, extents, strict=True)
        ):
            text = ", ".join("?" if extent is None else str(extent) for extent in said)
            raise CompileError(
                f"{path}: input {value.name} has the shape ({text}), "
                f"which cannot be {tuple(extents)}"
            )
        known.update(
            {dim.dim_param: extent for dim, extent in zip(shape.dim, extents, strict=True)}
        )
    del shape.dim[:]
    for extent in extents:
        shape.dim.add().dim_value = extent
