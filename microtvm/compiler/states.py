# SPDX-License-Identifier: Apache-2.0
"""The end of a run: each state takes its next value."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import CompileError
from .program import Copy, Place, Space


def state_copies(next_values: Sequence[Place], nbytes: Sequence[int], source: str) -> list[Copy]:
    """Copies to make after the last call, in an order in which none overwrites another's source.

    Parameters
    ----------
    next_values : sequence of Place
        Where each state's next value lies.
    nbytes : sequence of int
        The states' sizes.
    source : str
        The model, as errors call it.

    Raises
    ------
    CompileError
        If states exchange their values in a ring, for which there is no such order.
    """
    waiting = {
        Place(Space.STATE, index): place
        for index, place in enumerate(next_values)
        if place != Place(Space.STATE, index)
    }
    copies = []
    while waiting:
        free = [target for target in waiting if target not in waiting.values()]
        if not free:
            raise CompileError(f"{source}: variables exchange their values, which is not supported")
        target = free[0]
        copies.append(Copy(target, waiting.pop(target), nbytes[target.index]))
    return copies
