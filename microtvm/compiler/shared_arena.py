# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs in the arena: an input's bytes serve again once its last reader has run.

TVM's USMP had this as ``use_workspace_io``. A run then overwrites its inputs, so it is a second
plan beside the one for callers that bring buffers of their own; the C compiler chooses.
"""

from __future__ import annotations

from .arena import plan
from .program import Block, Place, Program, SharedArena, Space


def shared_arena(program: Program) -> SharedArena:
    """Plan the arena of a program whose temporaries are placed, with its inputs and outputs."""
    end = len(program.calls)  # copies are made then
    inputs = [
        Block(tensor.nbytes, 0, _last_read(program, Place(Space.INPUT, index), end))
        for index, tensor in enumerate(program.inputs)
    ]
    outputs = [
        Block(tensor.nbytes, _first_use(program, Place(Space.OUTPUT, index), end), end)
        for index, tensor in enumerate(program.outputs)
    ]
    blocks = [*program.blocks, *inputs, *outputs]
    offsets, nbytes = plan(blocks)
    first_input = len(program.blocks)
    first_output = first_input + len(inputs)
    return SharedArena(
        offsets[:first_input], offsets[first_input:first_output], offsets[first_output:], nbytes
    )


def _last_read(program: Program, place: Place, end: int) -> int:
    if any(copy.source == place for copy in program.copies):
        return end
    # All inputs are there before the first call, whether it reads them or not.
    return max((i for i, call in enumerate(program.calls) if place in call.arguments), default=0)


def _first_use(program: Program, place: Place, end: int) -> int:
    return min((i for i, call in enumerate(program.calls) if place in call.arguments), default=end)
