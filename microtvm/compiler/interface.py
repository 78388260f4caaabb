# SPDX-License-Identifier: Apache-2.0
"""What a model's file says of its inputs and outputs, against what was imported of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .errors import CompileError
from .program import TensorInfo


class Interface(NamedTuple):
    """Inputs and outputs, in order."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


def agreed(declared: Interface, imported: Interface, source: str) -> Interface:
    """The interface, with the quantization that only the file tells.

    Importers have been seen to swap outputs, to lose inputs and to change shapes and types without
    a word: half of all wrong answers came from there.

    Parameters
    ----------
    declared : Interface
        By the file.
    imported : Interface
        By the function that is compiled.
    source : str
        The model, as errors call it.

    Raises
    ------
    CompileError
        If number, order of names, shapes or types differ.
    """
    for kind, says, has in zip(("input", "output"), declared, imported, strict=True):
        _require_equal(kind, says, has, source)
    return declared


def _require_equal(
    kind: str, says: Sequence[TensorInfo], has: Sequence[TensorInfo], source: str
) -> None:
    if len(says) != len(has):
        raise CompileError(
            f"{source}: the file has {len(says)} {kind}s and the imported model {len(has)}; this "
            "is a mistake of the importer: please report it with the model"
        )
    for index, (a, b) in enumerate(zip(says, has, strict=True)):
        if (a.name, a.shape, a.dtype) != (b.name, b.shape, b.dtype):
            raise CompileError(
                f"{source}: {kind} {index} is {_text(a)} in the file and {_text(b)} in the "
                "imported model; this is a mistake of the importer: please report it with the model"
            )


def _text(tensor: TensorInfo) -> str:
    return f"{tensor.name!r} {tensor.dtype} {tensor.shape}"
