# SPDX-License-Identifier: Apache-2.0
"""Leave out of sums, products summed and extremes what is padding, and test for it once.

TVM's operator library pads by reading zeros, or a pool's lowest number, where an index lies outside
of a tensor: each product tests for it, and multiplies by zero. A sum to which such a term is added
stays what it was (the sum is never -0, since it starts from +0), so the term is skipped, and the
test stands around the outermost loop that it does not depend on.
"""

from __future__ import annotations

from typing import Any

from ..tir import buffer_dtype, is_conditional, is_load_of, variables


def SkipPadding() -> Any:
    """Make the pass; it wants flat buffers, before loops are unrolled."""
    import tvm
    from tvm import tirx

    @tvm.transform.module_pass(opt_level=0, name="SkipPadding")  # type: ignore[untyped-decorator]
    def run(module: Any, _context: Any) -> Any:
        skipper = _Skipper(tirx)
        return tvm.IRModule(
            {
                variable: function.with_body(skipper.statement(function.body))
                if isinstance(function, tirx.PrimFunc)
                else function
                for variable, function in module.functions_items()
            }
        )

    return run


class _Skipper:
    """Rewrites statements; what it does not know stays as it is."""

    def __init__(self, tirx: Any):
        self._tirx = tirx

    def statement(self, s: Any) -> Any:
        """The statement without terms that are padding."""
        node = type(s).__name__
        if node == "SeqStmt":
            return self._tirx.SeqStmt([self.statement(part) for part in s.seq])
        if node == "AttrStmt":
            return self._tirx.AttrStmt(s.node, s.attr_key, s.value, self.statement(s.body))
        if node == "For":
            return self._loop(s)
        return self._store(s) if node == "BufferStore" else s

    def _loop(self, s: Any) -> Any:
        body = self.statement(s.body)
        outside: list[Any] = []
        if type(body).__name__ == "IfThenElse" and body.else_case is None:
            conditions = list(_conjuncts(body.condition))
            outside = [c for c in conditions if hash(s.loop_var) not in variables(c)]
            inside = [c for c in conditions if hash(s.loop_var) in variables(c)]
            body = self._guarded(inside, body.then_case)
        loop = self._tirx.For(
            s.loop_var, s.min, s.extent, s.kind, body, annotations=s.annotations, step=s.step
        )
        return self._guarded(outside, loop)

    def _guarded(self, conditions: list[Any], body: Any) -> Any:
        if not conditions:
            return body
        return self._tirx.IfThenElse(self._tirx.all(*conditions), body, None)

    def _store(self, s: Any) -> Any:
        """``sum = sum + term`` under the term's condition, where it is nothing without it."""
        kind = type(s.value).__name__
        if kind not in ("Add", "Max", "Min") or not is_load_of(s.value.a, s.buffer):
            return s
        conditions: list[Any] = []
        if kind == "Add":
            term = self._without_zeros(s.value.b, conditions)
        else:
            term = self._without_limit(s.value.b, conditions, buffer_dtype(s.buffer), kind)
        if not conditions:
            return s
        value = getattr(self._tirx, kind)(s.value.a, term)
        return self._guarded(conditions, self._tirx.BufferStore(s.buffer, value, s.indices))

    def _without_zeros(self, term: Any, conditions: list[Any]) -> Any:
        """A product, its factors without their conditions where they are 0 outside of them."""
        node = type(term).__name__
        if node == "Mul":
            a = self._without_zeros(term.a, conditions)
            return self._tirx.Mul(a, self._without_zeros(term.b, conditions))
        if node == "Cast":
            return self._tirx.Cast(term.ty.dtype, self._without_zeros(term.value, conditions))
        return self._without(term, conditions, lambda number: number == 0)

    def _without_limit(self, term: Any, conditions: list[Any], dtype: str, kind: str) -> Any:
        limit = self._tirx.min_value(dtype) if kind == "Max" else self._tirx.max_value(dtype)
        low = kind == "Max"
        reached = (lambda n: n <= limit.value) if low else (lambda n: n >= limit.value)
        return self._without(term, conditions, reached)

    def _without(self, term: Any, conditions: list[Any], nothing: Any) -> Any:
        if is_conditional(term):
            condition, value, otherwise = term.args
            if type(otherwise).__name__ in ("FloatImm", "IntImm") and nothing(otherwise.value):
                conditions += _conjuncts(condition)
                return value
        return term


def _conjuncts(condition: Any) -> list[Any]:
    if type(condition).__name__ == "And":
        return _conjuncts(condition.a) + _conjuncts(condition.b)
    return [condition]
