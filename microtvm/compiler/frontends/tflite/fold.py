# SPDX-License-Identifier: Apache-2.0
"""Constants computed while a model is imported: shapes and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load


def fold(expression: Any) -> np.ndarray | None:
    """The value of a Relax expression of constants only, or None if it has variables."""
    relax: Any = load("tvm.relax", "compile models")
    if isinstance(expression, _constant_class()):
        return np.asarray(expression.value.numpy())
    if relax.analysis.free_vars(expression) or not _foldable(expression):
        return None
    tvm: Any = load("tvm", "compile models")
    builder = relax.BlockBuilder()
    with builder.function("main", []):
        with builder.dataflow():
            result = builder.emit_output(builder.normalize(expression))
        builder.emit_func_output(result)
    with tvm.target.Target("c"), tvm.transform.PassContext(opt_level=3):
        module = tvm.transform.Sequential(
            [relax.transform.LegalizeOps(), relax.transform.FoldConstant()]
        )(builder.get())
    values = {
        hash(binding.var): binding.value
        for block in module["main"].body.blocks
        for binding in block.bindings
    }
    value = module["main"].body.body
    while hash(value) in values:
        value = values[hash(value)]
    return np.asarray(value.value.numpy()) if isinstance(value, _constant_class()) else None


def _foldable(expression: Any) -> bool:
    """Whether it is made of TVM's operators alone, which can be run here."""
    relax: Any = load("tvm.relax", "compile models")
    found = []

    def visit(part: Any) -> None:
        name = getattr(getattr(part, "op", None), "name", "")
        if name.startswith("relax.call_") or type(part).__name__ == "GlobalVar":
            found.append(name)

    relax.analysis.post_order_visit(expression, visit)
    return not found


def _constant_class() -> Any:
    import tvm

    return tvm.ir.GenericConst
