# SPDX-License-Identifier: Apache-2.0
"""The arena in C: its size, where each tensor lies in it, with and without inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..arena import ALIGNMENT
from ..program import Program
from .names import identifiers

#: Defined for all files of a firmware: inputs and outputs lie in the arena.
IO_IN_ARENA = "MICROTVM_IO_IN_ARENA"


def _offsets(program: Program, named: Mapping[str, Sequence[int]]) -> list[str]:
    return [
        f"enum {{ arena_{kind}_{index} = {offset} }};"
        for kind, offsets in named.items()
        for index, offset in enumerate(offsets)
    ]


def _array(nbytes: int) -> list[str]:
    return [f"static _Alignas({ALIGNMENT}) uint8_t arena[{nbytes}];"] if nbytes else []


def arena_definition(program: Program) -> str:
    """The array ``arena``, and ``arena_block_<i>``: the offset of each block."""
    assert program.shared is not None
    shared = program.shared
    named = {"block": shared.offsets, "input": shared.inputs, "output": shared.outputs}
    return "\n".join(
        [
            "/* Every activation, each at an offset that is free while it is needed. */",
            f"#ifdef {IO_IN_ARENA}",
            *_array(shared.nbytes),
            *_offsets(program, named),
            "#else",
            *_array(program.arena_bytes),
            *_offsets(program, {"block": program.offsets}),
            "#endif",
            "",
        ]
    )


def map_definitions(name: str, program: Program) -> str:
    """The functions that say where inputs and outputs lie in the arena."""
    lines = [f"#ifdef {IO_IN_ARENA}"]
    for kind, tensors in (("input", program.inputs), ("output", program.outputs)):
        members = identifiers(tensor.name for tensor in tensors)
        lines += [
            f"struct {name}_{kind}s {name}_map_{kind}s(void) {{",
            f"    return (struct {name}_{kind}s){{",
            *(f"        .{member} = &arena[arena_{kind}_{i}]," for i, member in enumerate(members)),
            "    };",
            "}",
        ]
    return "\n".join([*lines, "#endif", ""])


def map_prototypes(name: str) -> list[str]:
    """Their declarations in the model's header."""
    return [
        f"#ifdef {IO_IN_ARENA}",
        "/* Where inputs and outputs lie in the arena. A run overwrites the inputs: write them",
        " * before each run, after the outputs of the one before were read. A run takes buffers of",
        " * the caller's own all the same. */",
        f"struct {name}_inputs {name}_map_inputs(void);",
        f"struct {name}_outputs {name}_map_outputs(void);",
        "#endif",
    ]
