# SPDX-License-Identifier: Apache-2.0
"""Integer average pools that round to nearest, half away from zero.

TVM imports the int8 average pool of TensorFlow Lite as an int32 pool whose division truncates.
LiteRT's kernels add or subtract half the divisor first (AveragePool in its
reference/integer_ops/pooling.h), as `relax.nn.avg_pool2d` of integers does after this pass.
"""

from __future__ import annotations

from typing import Any


def _rounding_pool(te: Any, tirx: Any, data: Any, attributes: Any, out_shape: list[int]) -> Any:
    """NHWC average pool of integers; padding is not counted."""
    pool, strides = ([int(x) for x in v] for v in (attributes.pool_size, attributes.strides))
    top, left = (int(x) for x in list(attributes.padding)[:2])
    height, width = (int(x) for x in data.shape[1:3])
    ry = te.reduce_axis((0, pool[0]), name="ry")
    rx = te.reduce_axis((0, pool[1]), name="rx")

    def term(n: Any, y: Any, x: Any, c: Any) -> Any:
        row, column = y * strides[0] + ry - top, x * strides[1] + rx - left
        inside = tirx.all(row >= 0, row < height, column >= 0, column < width)
        value = tirx.if_then_else(inside, data[n, row, column, c], tirx.const(0, data.dtype))
        return te.sum(value, axis=[ry, rx])

    def span(position: Any, stride: int, before: int, size: int, extent: int) -> Any:
        start = position * stride - before
        return tirx.min(start + size, extent) - tirx.max(start, 0)

    # A window is cut short at the border only where there is padding. Without, the divisor is a
    # constant, and 32 bits wide like the sum.
    whole = not any(int(x) for x in attributes.padding) and not attributes.ceil_mode

    total = te.compute(out_shape, term, name="pool_sum")

    def average(n: Any, y: Any, x: Any, c: Any) -> Any:
        if whole:
            count = tirx.const(pool[0] * pool[1], data.dtype)
        else:
            rows = span(y, strides[0], top, pool[0], height)
            columns = span(x, strides[1], left, pool[1], width)
            count = tirx.Cast(str(data.dtype), rows * columns)
        value = total[n, y, x, c]
        half = tirx.truncdiv(count, tirx.const(2, data.dtype))
        return tirx.truncdiv(tirx.Select(value > 0, value + half, value - half), count)

    return te.compute(out_shape, average, name="pool_round")


def RoundAveragePool() -> Any:
    """Make the pass."""
    import tvm
    from tvm import relax, te, tirx

    @relax.expr_functor.mutator
    class Mutator(relax.PyExprMutator):  # type: ignore[misc]
        def visit_call_(self, call: Any) -> Any:
            call = super().visit_call_(call)
            if getattr(call.op, "name", "") != "relax.nn.avg_pool2d":
                return call
            if "int" not in str(call.ty.dtype) or call.attrs.layout != "NHWC":
                return call
            shape = [int(extent) for extent in call.ty.shape]
            return self.builder_.call_te(
                lambda data: _rounding_pool(te, tirx, data, call.attrs, shape),
                call.args[0],
                primfunc_name_hint="rounding_avg_pool2d",
            )

    @tvm.transform.module_pass(opt_level=0, name="RoundAveragePool")  # type: ignore[untyped-decorator]
    def run(module: Any, _context: Any) -> Any:
        mutator = Mutator(module)
        for variable, function in module.functions_items():
            if isinstance(function, relax.Function):
                mutator.builder_.update_func(variable, mutator.visit_expr(function))
        return mutator.builder_.get()

    return run
