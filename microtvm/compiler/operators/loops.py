# SPDX-License-Identifier: Apache-2.0
"""Loops of C over tensors that broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence


def strides(shape: Sequence[int], out_shape: Sequence[int]) -> list[int]:
    """Elements between neighbours along each axis of the output; 0 where an operand repeats."""
    padded = [1] * (len(out_shape) - len(shape)) + list(shape)
    result, step = [0] * len(padded), 1
    for axis in range(len(padded) - 1, -1, -1):
        if padded[axis] != 1:
            result[axis] = step
        step *= padded[axis]
    return result


def collapse(
    out_shape: Sequence[int], operands: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """Fewest axes that visit the output in order.

    Parameters
    ----------
    out_shape : sequence of int
    operands : sequence of sequences of int
        Strides of each operand, in elements.

    Returns
    -------
    extents : list of int
        At least one; the last is the innermost.
    strides : list of lists of int
        For each operand.
    """
    extents: list[int] = []
    steps: list[list[int]] = [[] for _ in operands]
    for axis, extent in enumerate(out_shape):
        if extent == 1:
            continue
        ours = [operand[axis] for operand in operands]
        if extents and all(
            last[-1] == step * extent for last, step in zip(steps, ours, strict=True)
        ):
            extents[-1] *= extent
            for last, step in zip(steps, ours, strict=True):
                last[-1] = step
        else:
            extents.append(extent)
            for last, step in zip(steps, ours, strict=True):
                last.append(step)
    if not extents:
        return [1], [[1] for _ in operands]
    return extents, steps


def nest(extents: Sequence[int], statements: Sequence[str]) -> str:
    """Loops ``i0``, ``i1``, ... around statements, indented for a function's body."""
    lines = []
    for depth, extent in enumerate(extents):
        lines.append(
            f"{'    ' * (depth + 1)}for (int32_t i{depth} = 0; i{depth} < {extent}; ++i{depth}) {{"
        )
    lines += [f"{'    ' * (len(extents) + 1)}{statement}" for statement in statements]
    lines += ["    " * depth + "}" for depth in range(len(extents), 0, -1)]
    return "\n".join(lines)


def index(steps: Sequence[int]) -> str:
    """C text of an element's index in such loops."""
    terms = [
        f"i{depth}" if step == 1 else f"i{depth} * {step}"
        for depth, step in enumerate(steps)
        if step
    ]
    return " + ".join(terms) or "0"


def row_major(shape: Sequence[int]) -> list[int]:
    """Strides of a dense tensor."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
