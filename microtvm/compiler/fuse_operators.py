# SPDX-License-Identifier: Apache-2.0
"""Let an operator compute the one that follows it as well, so that a tensor less is needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from .operators import Operator
from .program import Call, Kernel, Place, Space


def fuse(
    calls: Sequence[Call], kept: Collection[Place], kernel: Callable[[Operator], Kernel]
) -> list[Call]:
    """Fuse what operators offer (`Operator.followed_by`).

    Parameters
    ----------
    calls : sequence of Call
        Of kernels with one result each, their last argument; every tensor is written once.
    kept : collection of Place
        Tensors that are needed after the last call.
    kernel : function from Operator to Kernel
        Makes the kernel of a fused operator.

    Returns
    -------
    list of Call
    """
    result = list(calls)
    position = 0
    while position < len(result):
        fused = _fuse_with_reader(result, position, kept, kernel)
        if fused is None:
            position += 1
        else:
            reader, result[position] = fused
            del result[reader]
    return result


def _fuse_with_reader(
    calls: Sequence[Call],
    position: int,
    kept: Collection[Place],
    kernel: Callable[[Operator], Kernel],
) -> tuple[int, Call] | None:
    """The only reader of a call's result, and one call for both; None where there is none."""
    call = calls[position]
    result = call.arguments[-1]
    readers = [i for i in range(position + 1, len(calls)) if result in calls[i].arguments]
    if len(readers) != 1 or result in kept or not isinstance(call.kernel.body, Operator):
        return None
    reader = calls[readers[0]]
    if not isinstance(reader.kernel.body, Operator) or reader.arguments.count(result) != 1:
        return None
    operand = reader.arguments.index(result)
    others = [place for place in reader.arguments[:-1] if place != result]
    seen = {place for earlier in calls[: position + 1] for place in earlier.arguments}
    if any(place.space is Space.ARENA and place not in seen for place in others):
        return None  # not computed yet when the first of the two runs
    both = call.kernel.body.followed_by(reader.kernel.body, operand)
    if both is None:
        return None
    arguments = (*call.arguments[:-1], *others, reader.arguments[-1])
    return readers[0], Call(kernel(both), arguments, reader.shape)
