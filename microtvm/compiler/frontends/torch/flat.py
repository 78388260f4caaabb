# SPDX-License-Identifier: Apache-2.0
"""A program that takes and gives tensors alone, of fixed shapes, and changes nothing.

Exported once more through a module around it: what was nested is flat, an open dimension has its
number, and a buffer that a run changes is an input and an output more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import CompileError
from ...interface import Interface
from ...program import TensorInfo
from ..imported import State
from .program import Program, results


@dataclass(frozen=True)
class FlatProgram:
    """See above.

    Attributes
    ----------
    exported : torch.export.ExportedProgram
    interface : Interface
        The program's inputs and outputs, without states.
    states : tuple of State
        The buffers that a run changes; after the inputs and, their next values, the outputs.
    notes : tuple of str
        What was assumed.
    """

    exported: Any
    interface: Interface
    states: tuple[State, ...]
    notes: tuple[str, ...]


def flatten(program: Program, shapes: Mapping[str, Sequence[int]]) -> FlatProgram:
    """Export a program once more, flat.

    Raises
    ------
    CompileError
        If a shape is open or does not fit, an input is written into, an element type is none of
        NumPy's, the program is one for training, or PyTorch cannot export it with these shapes.
    """
    import torch

    # An export of training's form says only after this step what is written into.
    functional = program.exported.run_decompositions({})
    if any("batch_norm_legit_functional" in str(node.target) for node in functional.graph.nodes):
        raise CompileError(
            f"{program.source}: the program is one for training: it normalizes by the batch at "
            "hand; call eval() on the model and export it anew"
        )
    signature = functional.graph_signature
    written = sorted(getattr(signature, "user_inputs_to_mutate", {}).values())
    if written:
        raise CompileError(
            f"{program.source}: the program writes into its input {', '.join(written)}; let it "
            "work on a copy (clone) and export it anew"
        )
    buffers = dict(functional.named_buffers())
    changed = {name: buffers[name] for name in signature.buffers_to_mutate.values()}
    notes: list[str] = []
    inputs = [
        torch.zeros(_shape(program, name, value.shape, shapes, notes), dtype=value.dtype)
        for name, value in program.inputs.items()
    ]
    names: list[str] = []
    body = functional.module()

    class Flat(torch.nn.Module):  # type: ignore[misc]
        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            arguments, keywords = program.arguments(tensors[: len(inputs)])
            states = dict(zip(changed, (t.clone() for t in tensors[len(inputs) :]), strict=True))
            returned = results(torch.func.functional_call(body, states, arguments, keywords))
            names[:] = returned
            return (*returned.values(), *states.values())

    try:
        exported: Any = torch.export.export(Flat(), (*inputs, *changed.values()))
    except Exception as error:  # torch raises many types
        raise CompileError(
            f"{program.source}: PyTorch does not export the program with inputs of "
            f"{', '.join(str(tuple(tensor.shape)) for tensor in inputs)}: "
            f"{str(error).strip().splitlines()[0]}",
            details=str(error),
        ) from error
    values = {node.name: node.meta.get("val") for node in exported.graph.nodes}
    made = [values.get(name) for name in exported.graph_signature.user_outputs]
    return FlatProgram(
        exported,
        Interface(
            tuple(_info(program, *named) for named in zip(program.inputs, inputs, strict=True)),
            tuple(_info(program, *named) for named in zip(names, made, strict=False)),
        ),
        tuple(State(name, value.detach().numpy().copy()) for name, value in changed.items()),
        tuple(notes),
    )


def _shape(
    program: Program,
    name: str,
    declared: Sequence[Any],
    shapes: Mapping[str, Sequence[int]],
    notes: list[str],
) -> tuple[int, ...]:
    """The shape that an input has, given or the program's own."""
    is_open = [not isinstance(extent, int) for extent in declared]
    given = shapes.get(name)
    if given is None:
        if not any(is_open):
            return tuple(declared)
        if any(is_open[1:]):
            text = ", ".join("?" if o else str(e) for e, o in zip(declared, is_open, strict=True))
            raise CompileError(
                f"{program.source}: the shape ({text}) of input {name} is open; give it with "
                f"--shape {name}=N,N,..."
            )
        notes.append(f"input {name}: a batch of 1, which the program leaves open")
        return (1, *declared[1:])
    if len(given) != len(declared) or any(
        extent != wanted and not free
        for extent, wanted, free in zip(given, declared, is_open, strict=True)
    ):
        raise CompileError(
            f"{program.source}: input {name} is {tuple(declared)} in the program, and the shape "
            f"given is {tuple(given)}; dimensions are left open when it is exported "
            "(dynamic_shapes)"
        )
    return tuple(given)


def _info(program: Program, name: str, value: Any) -> TensorInfo:
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype in ("bfloat16", "complex32", "complex64", "complex128") or "float8" in dtype:
        raise CompileError(
            f"{program.source}: {name} is of type {dtype}, which NumPy and C lack; convert the "
            "program's inputs and outputs (to(torch.float32)) and export it anew"
        )
    if not all(isinstance(extent, int) for extent in value.shape):
        raise CompileError(
            f"{program.source}: the shape of output {name} is known only at run time; let the "
            "program give one that is fixed (a mask, or values with a count beside them)"
        )
    return TensorInfo(name, tuple(value.shape), dtype)
