# SPDX-License-Identifier: Apache-2.0
"""Opening a ``.pt2`` file."""

from __future__ import annotations

import contextlib
import importlib
import logging
import pathlib
import zipfile
from collections.abc import Sequence
from typing import Any

from ...dependencies import load
from ...errors import CompileError, ModelFileError


class Program:
    """An exported program: its inputs and how it is called with them.

    Attributes
    ----------
    source : str
        What errors call it: the file.
    exported : torch.export.ExportedProgram
    inputs : dict of str to torch.Tensor
        The tensors among its inputs by name, in order; without storage, only shape and type count.
        A dimension that is left open is no int.
    """

    def __init__(self, path: pathlib.Path) -> None:
        torch: Any = load("torch", "read PyTorch programs")
        self.source = str(path)
        if path.is_file() and not zipfile.is_zipfile(path):
            raise ModelFileError(
                f"{path} is not a program saved by torch.export.save: it is no zip file"
            )
        logging.getLogger("torch.export").setLevel(logging.ERROR)
        # Quantized programs call operators that only importing this registers.
        with contextlib.suppress(ImportError):
            importlib.import_module("torch.ao.quantization.fx._decomposed")
        try:
            self.exported: Any = torch.export.load(str(path))
        except OSError:
            raise
        except Exception as error:  # torch raises many types
            raise ModelFileError(
                f"{path} is not a program saved by torch.export.save: {error}"
            ) from error
        values = {node.name: node.meta.get("val") for node in self.exported.graph.nodes}
        self.inputs: dict[str, Any] = {}
        self._constants: list[Any] = []  # in the place of a tensor, None
        signature: Any = torch.export.graph_signature
        for specification in self.exported.graph_signature.input_specs:
            if specification.kind is not signature.InputKind.USER_INPUT:
                continue
            argument = specification.arg
            self._constants.append(getattr(argument, "value", None))
            if isinstance(values.get(argument.name), torch.Tensor):
                self.inputs[argument.name] = values[argument.name]
            elif not isinstance(argument, signature.ConstantArgument):
                raise CompileError(
                    f"{path}: input {argument.name} is a number that is left open; export the "
                    "program with a tensor in its place, or without dynamic_shapes for it"
                )

    def arguments(self, tensors: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """What the program is called with, as its author wrote it, from its tensors in order."""
        import torch.utils._pytree as trees

        given = iter(tensors)
        flat = [next(given) if value is None else value for value in self._constants]
        arguments, keywords = trees.tree_unflatten(flat, self.exported.call_spec.in_spec)
        return arguments, keywords


def results(returned: Any) -> dict[str, Any]:
    """The tensors among what a program returned, by name, in order.

    Those of a dict have the names of its keys, and below them of places; others are numbered.
    """
    import torch
    import torch.utils._pytree as trees

    leaves, _ = trees.tree_flatten_with_path(returned)
    tensors = [(path, leaf) for path, leaf in leaves if isinstance(leaf, torch.Tensor)]
    if isinstance(returned, dict):
        return {".".join(map(_text, path)): leaf for path, leaf in tensors}
    if len(tensors) == 1:
        return {"output": tensors[0][1]}
    return {f"output{index}": leaf for index, (_, leaf) in enumerate(tensors)}


def _text(key: Any) -> str:
    """A dict's key or a list's index."""
    return str(getattr(key, "key", getattr(key, "idx", key)))
