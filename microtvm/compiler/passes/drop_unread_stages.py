# SPDX-License-Identifier: Apache-2.0
"""Remove the stages of a kernel whose result nothing reads.

Fusing an operator with several results (a split) into a consumer of one of them leaves the others
behind as tensors that are written and never read.
"""

from __future__ import annotations

from typing import Any


def DropUnreadStages() -> Any:
    """Make the pass."""
    import tvm
    from tvm import s_tir, tirx

    def drop(function: Any) -> Any:
        if type(function.body).__name__ != "SBlockRealize":
            return function
        root = function.body.block
        statements = list(root.body.seq) if hasattr(root.body, "seq") else [root.body]
        stages = [_stage(statement) for statement in statements]
        if None in stages:
            return function  # a shape of code that is not only stages in a row
        needed = {hash(parameter) for parameter in function.params}
        kept = []
        for statement, stage in reversed(list(zip(statements, stages, strict=True))):
            if any(hash(region.source) in needed for region in stage.writes):
                kept.append(statement)
                needed.update(hash(region.source) for region in stage.reads)
        if len(kept) in (0, len(statements)):
            return function  # nothing to drop, or blocks that do not say what they write
        body = tirx.SeqStmt(kept[::-1]) if len(kept) > 1 else kept[0]
        buffers = [buffer for buffer in root.alloc_buffers if hash(buffer) in needed]
        block = s_tir.SBlock(
            [], root.reads, root.writes, root.name_hint, body, alloc_buffers=buffers
        )
        return function.with_body(s_tir.SBlockRealize([], True, block))

    @tvm.transform.module_pass(  # type: ignore[untyped-decorator]
        opt_level=0, name="DropUnreadStages"
    )
    def run(module: Any, _context: Any) -> Any:
        return tvm.IRModule(
            {
                variable: drop(function) if isinstance(function, tirx.PrimFunc) else function
                for variable, function in module.functions_items()
            }
        )

    return run


def _stage(statement: Any) -> Any:
    """The block in a nest of loops; None if there is anything else in it."""
    while type(statement).__name__ == "For":
        statement = statement.body
    return statement.block if type(statement).__name__ == "SBlockRealize" else None
