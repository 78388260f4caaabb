# SPDX-License-Identifier: Apache-2.0
"""Merge the stages of a kernel, so that what lies between them is a scalar and not a tensor.

TVM's operator library writes a convolution with its bias, activation and requantization as one
loop nest per stage, each with a whole tensor after it: padding alone is a copy of the input. On a
board those tensors are the largest part of the arena. Here

- a stage that only moves data (padding, reshaping, slicing) is inlined where it is read;
- a stage whose elements are each needed once is computed where the next stage needs them, those of
  a convolution or a matrix product a few at a time;
- a reduction starts from its first element outside the loop that accumulates.

None of it changes which operations are done on a value, nor their order: results stay the same
to the last bit.
"""

from __future__ import annotations

import math
from typing import Any

from ..tir import buffer_elements
from .tile_channels import choose_tile

_SPATIAL = 0  # tvm's IterVar.DataPar


def FuseStages() -> Any:
    """Make the pass."""
    import tvm
    from tvm import s_tir, tirx

    @tvm.transform.module_pass(opt_level=0, name="FuseStages")  # type: ignore[untyped-decorator]
    def run(module: Any, _context: Any) -> Any:
        schedule = s_tir.Schedule(module)
        for variable, function in module.functions_items():
            if isinstance(function, tirx.PrimFunc):
                schedule.work_on(variable.name_hint)
                _Fuser(schedule, s_tir.ScheduleError).fuse()
        return schedule.mod

    return run


class _Fuser:
    """Merges the stages of the function that a schedule works on."""

    def __init__(self, schedule: Any, refusal: type[Exception]):
        self._schedule = schedule
        self._refusal = refusal

    def fuse(self) -> None:
        try:
            root = self._schedule.get_sblock("root")
        except self._refusal:
            return  # written as loops (a scan, a scatter), not as stages
        stages = self._schedule.get_child_blocks(root)
        kept = [stage for stage in stages if not self._inline(stage)]
        kept += [copy for copy in map(self._accumulate_apart, kept) if copy is not None]
        # From the last stage to the first, so that a chain gathers in its last stage's loops.
        for stage in reversed(kept):
            self._compute_where_needed(stage)
        for stage in kept:
            self._separate_start(stage)

    def _try(self, primitive: Any, *arguments: Any) -> bool:
        """Apply a schedule primitive; TVM refuses where it cannot prove the result equal."""
        try:
            primitive(*arguments)
        except self._refusal:
            return False
        return True

    def _inline(self, stage: Any) -> bool:
        if self._is_reduction(stage) or not _only_moves(self._schedule.get(stage).body):
            return False
        if not self._schedule.get_consumers(stage):
            return False
        return self._try(self._schedule.compute_inline, stage)

    def _accumulate_apart(self, stage: Any) -> Any:
        """Let a reduction that is a kernel's result gather in a buffer of its own.

        Returns the stage that copies it to the result; None where nothing changed.
        """
        if self._schedule.get_consumers(stage) or choose_tile(self._schedule.get(stage)) is None:
            return None
        return self._schedule.cache_write(stage, 0, "global")

    def _compute_where_needed(self, stage: Any) -> None:
        consumers = self._schedule.get_consumers(stage)
        if len(consumers) != 1:
            return
        loops = self._schedule.get_loops(consumers[0])
        if not loops or self._iterations(loops) != self._elements_written(stage):
            return  # computing it there would compute it more than once
        if not self._compute_tile(stage, loops):
            self._try(self._schedule.compute_at, stage, loops[-1])

    def _compute_tile(self, stage: Any, loops: list[Any]) -> bool:
        """Compute a few neighbouring elements of a reduction in its consumer's loops."""
        block = self._schedule.get(stage)
        tile = choose_tile(block)
        spatial = [int(a.dom.extent) for a in block.iter_vars if int(a.iter_type) == _SPATIAL]
        if tile is None or [int(self._schedule.get(loop).extent) for loop in loops] != spatial:
            return False
        outer, inner = self._schedule.split(loops[tile.axis], [None, tile.factor])
        self._schedule.reorder(outer, *loops[tile.axis + 1 :], inner)
        self._schedule.unroll(inner)
        around = self._schedule.get_loops(self._schedule.get_consumers(stage)[0])[-2]
        if not self._try(self._schedule.compute_at, stage, around):
            return self._try(self._schedule.compute_at, stage, inner)
        within, *reduced = self._schedule.get_loops(stage)[len(loops) :]
        self._schedule.unroll(within)
        if reduced:
            self._schedule.reorder(*reduced, within)
            self._schedule.decompose_reduction(stage, reduced[0])
        return True

    def _separate_start(self, stage: Any) -> None:
        """Move the start of a reduction out of the loops that reduce, which are the innermost."""
        block = self._schedule.get(stage)
        reduced = math.prod(
            int(axis.dom.extent) for axis in block.iter_vars if int(axis.iter_type) != _SPATIAL
        )
        loops = self._schedule.get_loops(stage)
        for first in range(len(loops) - 1, -1, -1):
            inside = self._iterations(loops[first:])
            if inside == reduced > 1:
                self._try(self._schedule.decompose_reduction, stage, loops[first])
            if inside >= reduced:
                return

    def _is_reduction(self, stage: Any) -> bool:
        return any(int(a.iter_type) != _SPATIAL for a in self._schedule.get(stage).iter_vars)

    def _iterations(self, loops: list[Any]) -> int:
        return math.prod(int(self._schedule.get(loop).extent) for loop in loops)

    def _elements_written(self, stage: Any) -> int:
        block = self._schedule.get(stage)
        return sum(buffer_elements(write.source) for write in block.writes)


def _only_moves(body: Any) -> bool:
    """Whether a stage stores elements of another tensor, or constants, without computing."""
    return type(body).__name__ == "BufferStore" and _is_move(body.value)


def _is_move(expression: Any) -> bool:
    node = type(expression).__name__
    if node in ("TensorLoad", "BufferLoad", "IntImm", "FloatImm"):
        return True
    if node == "Call" and getattr(expression.op, "name", "").endswith("if_then_else"):
        return all(_is_move(branch) for branch in list(expression.args)[1:])
    if node == "Select":
        return _is_move(expression.true_value) and _is_move(expression.false_value)
    return False
