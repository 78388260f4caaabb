# SPDX-License-Identifier: Apache-2.0
"""Which outputs of a reduction are worth computing together, and how many.

A convolution that is computed one output at a time loads its input once for each channel, and
tests for padding once for each product. With a few neighbouring outputs in registers both are
shared, and so are the loops. Sums are taken in the same order as before.

Sums of integers stay one by one: gcc 12.2 at -O2 vectorizes two of them side by side and mixes them
up where a selection follows, as in a rounded average (right with -O3 or -fno-tree-vectorize; no
undefined behaviour). It leaves sums of floats in their order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..dtypes import element_type
from ..tir import buffer_dtype, is_conditional, load_source, variables, walk

_SPATIAL = 0  # tvm's IterVar.DataPar
_REACH = 1020  # bytes that the offset of a load reaches on Cortex-M's floating-point unit
_MOST = 8  # accumulators that have room in registers


class Tile(NamedTuple):
    """Which of a reduction's spatial axes, counted from the first, and how many in a tile."""

    axis: int
    factor: int


def choose_tile(block: Any) -> Tile | None:
    """The outputs of a stage that are computed together; None where that would not pay.

    Parameters
    ----------
    block : tvm.s_tir.SBlock
        A stage as FuseStages leaves it: what only moves data is inlined.
    """
    if type(block.body).__name__ != "BufferStore" or len(block.writes) != 1:
        return None
    store = block.body
    spatial = [axis for axis in block.iter_vars if int(axis.iter_type) == _SPATIAL]
    reduced = block.iter_vars[len(spatial) :]
    if not reduced or any(int(axis.iter_type) == _SPATIAL for axis in reduced):
        return None
    if any(type(index).__name__ != "Var" for index in store.indices):
        return None
    conditions: set[int] = set()
    for condition in _conditions(store.value):
        conditions.update(variables(condition))
    own = hash(store.buffer)
    loads = [load for load in _loads(store.value) if hash(load_source(load)) != own]
    if not buffer_dtype(store.buffer).startswith("float"):
        return None
    best: tuple[tuple[int, ...], Tile] | None = None
    for position, axis in enumerate(spatial):
        variable, extent = hash(axis.var), int(axis.dom.extent)
        if extent == 1 or variable in conditions:
            continue
        strides = [_stride(load, variable) for load in loads]
        shared, neighbours = strides.count(0), strides.count(1)
        if shared == len(loads) or not (shared or neighbours == len(loads)):
            continue
        nbytes = max(
            stride * element_type(buffer_dtype(load_source(load))).bits // 8
            for stride, load in zip(strides, loads, strict=True)
        )
        room = _MOST if nbytes * _MOST <= _REACH else _MOST // 2
        factor = max(number for number in range(1, room + 1) if extent % number == 0)
        if factor > 1:
            candidate = (shared + neighbours, factor, position), Tile(position, factor)
            best = candidate if best is None else max(best, candidate)
    return None if best is None else best[1]


def _stride(load: Any, variable: int) -> int:
    """Elements from one load to the next as a variable grows by one (its factor taken as 1)."""
    shape = [int(extent) for extent in load_source(load).shape]
    return sum(
        math.prod(shape[position + 1 :])
        for position, index in enumerate(load.indices)
        if variable in variables(index)
    )


def _loads(expression: Any) -> list[Any]:
    return [e for e in walk(expression) if type(e).__name__ in ("TensorLoad", "BufferLoad")]


def _conditions(expression: Any) -> Iterator[Any]:
    for e in walk(expression):
        if type(e).__name__ == "Select":
            yield e.condition
        elif is_conditional(e):
            yield e.args[0]
