# SPDX-License-Identifier: Apache-2.0
"""Constants computed while a model is imported: shapes and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load


def fold(expression: Any, builder: Any) -> np.ndarray | None:
    """The value of a Relax expression of constants only, or None where there is none.

    Parameters
    ----------
    expression : tvm.relax.Expr
        Normalized.
    builder : tvm.relax.BlockBuilder
        Knows the variables in it.
    """
    if is_constant(expression):
        return np.asarray(expression.value.numpy())
    tvm: Any = load("tvm", "compile models")
    relax: Any = load("tvm.relax", "compile models")
    bindings: dict[Any, Any] = {}
    if not _gather(expression, builder, bindings):
        return None
    output = relax.Var("output", expression.ty)
    block = relax.DataflowBlock([*bindings.values(), relax.VarBinding(output, expression)])
    function = relax.Function([], relax.SeqExpr([block], output), expression.ty)
    passes = [relax.transform.LegalizeOps(), relax.transform.FoldConstant()]
    with tvm.target.Target("c"), tvm.transform.PassContext(opt_level=3):
        module = tvm.transform.Sequential(passes)(tvm.IRModule({"main": function}))
    values = {
        hash(binding.var): binding.value
        for block in module["main"].body.blocks
        for binding in block.bindings
    }
    value = module["main"].body.body
    while hash(value) in values:
        value = values[hash(value)]
    return np.asarray(value.value.numpy()) if is_constant(value) else None


def _gather(expression: Any, builder: Any, bindings: dict[Any, Any]) -> bool:
    """Collect what an expression's variables stand for; False where that is no constant."""
    relax: Any = load("tvm.relax", "compile models")
    if not _foldable(expression):
        return False
    for variable in relax.analysis.free_vars(expression):
        if hash(variable) in bindings:
            continue
        value = builder.lookup_binding(variable)
        if value is None or not _gather(value, builder, bindings):
            return False
        bindings[hash(variable)] = relax.VarBinding(variable, value)
    return True


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


def is_constant(expression: Any) -> bool:
    """Whether a Relax expression is a constant as it stands."""
    tvm: Any = load("tvm", "compile models")
    return isinstance(expression, tvm.ir.GenericConst)
