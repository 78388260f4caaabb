# SPDX-License-Identifier: Apache-2.0
"""Constants computed while a model is imported: shapes and what is made of them.

Counters of loops and arithmetic on shapes go through NumPy: a loop is unrolled step by step, and
TVM compiles a kernel for each sum. What is left, floating point above all, TVM computes.
"""

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
    known = _by_numpy(expression, builder)
    return known if known is not None else _by_tvm(expression, builder)


# Operators of integers that NumPy computes as TVM's kernels do.
_ELEMENTWISE = (
    *("add", "subtract", "multiply", "minimum", "maximum"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_not"),
)
_RESHAPES = ("reshape", "expand_dims", "squeeze")


def _by_numpy(expression: Any, builder: Any) -> np.ndarray | None:
    """The value, where integers are reckoned with and arrays reshaped or joined, else None."""
    relax: Any = load("tvm.relax", "compile models")
    if is_constant(expression):
        return np.asarray(expression.value.numpy())
    if isinstance(expression, relax.Var):
        bound = builder.lookup_binding(expression)
        return None if bound is None else _by_numpy(bound, builder)
    name = getattr(getattr(expression, "op", None), "name", "").removeprefix("relax.")
    if name in _RESHAPES:
        value = _by_numpy(expression.args[0], builder)
        return None if value is None else value.reshape([int(e) for e in expression.ty.shape])
    if name not in _ELEMENTWISE and name != "concat":
        return None
    parts = expression.args[0].fields if name == "concat" else expression.args
    operands = [value for part in parts if (value := _by_numpy(part, builder)) is not None]
    if len(operands) < len(parts) or any(operand.dtype.kind == "f" for operand in operands):
        return None
    if name == "concat":
        return np.concatenate(operands, expression.attrs.axis)
    result: np.ndarray = np.asarray(getattr(np, name)(*operands))
    return result


def _by_tvm(expression: Any, builder: Any) -> np.ndarray | None:
    """The value by TVM's own folding, which compiles a kernel; None where there is none."""
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
