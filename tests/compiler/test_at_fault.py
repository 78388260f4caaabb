# SPDX-License-Identifier: Apache-2.0
"""Operators that the passes fail on are named; what TVM says of itself is for ``-v`` only."""

from __future__ import annotations

import pytest

from microtvm.compiler import CompileError, UnsupportedOperatorError, compile

F32 = "float32"


def test_the_operator_that_graph_passes_fail_on(relax_main):
    """Of three, one asks for a method that TVM finds out of late."""
    from tvm.relax import op

    module = relax_main(
        {"x": ((1, 1, 8, 8), F32)},
        lambda x: op.exp(op.image.resize2d(op.abs(x), (3, 5), method="none_such")),
    )
    with pytest.raises(
        UnsupportedOperatorError,
        match=r"^the Relax module: operator image\.resize2d: the one that makes "
        r"float32 \(1, 1, 3, 5\) cannot be turned into C in this form; put other operators",
    ) as caught:
        compile(module)
    assert "none_such" in (caught.value.details or "")
    assert "none_such" not in str(caught.value)
    assert "TVM" not in str(caught.value)


def test_the_kernel_that_kernel_passes_fail_on():
    """Of two, one has a loop that is to be unrolled, but is as long as a value says."""
    from tvm.script import ir as I
    from tvm.script import relax as R
    from tvm.script import tirx as T

    @I.ir_module
    class Own:
        @T.prim_func(private=True, s_tir=True)
        def plain(a: T.Buffer((3,), "float32"), b: T.Buffer((3,), "float32")):
            for i in range(3):
                with T.sblock("b"):
                    v = T.axis.spatial(3, i)
                    b[v] = a[v] + T.float32(1)

        @T.prim_func(private=True, s_tir=True)
        def unrolled(a: T.Buffer((3,), "float32"), b: T.Buffer((3,), "float32")):
            for i in T.unroll(T.cast(a[0], "int32")):
                b[i] = a[i] + T.float32(1)

        @R.function
        def main(x: R.Tensor((3,), "float32")) -> R.Tensor((3,), "float32"):
            y = R.call_tir(Own.plain, (x,), out_ty=R.Tensor((3,), "float32"))
            return R.call_tir(Own.unrolled, (y,), out_ty=R.Tensor((3,), "float32"))

    with pytest.raises(
        UnsupportedOperatorError, match=r"operator unrolled: the one that makes \(3,\) cannot be"
    ) as caught:
        compile(Own)
    assert "unroll" in (caught.value.details or "")
    assert "Check failed" not in str(caught.value)


def test_a_function_outside_of_the_model_is_named(relax_main):
    from tvm.relax import op

    module = relax_main({"x": ((4,), F32)}, op.unique)
    with pytest.raises(UnsupportedOperatorError, match=r"operator unique: ") as caught:
        compile(module)
    assert caught.value.operators == ("unique",)


@pytest.mark.parametrize(
    ("dtype", "between", "what"),
    [("bfloat16", "bfloat16", "input x"), (F32, "float8_e4m3fn", "what fused_cast_reshape makes")],
)
def test_a_tensor_of_a_type_that_no_board_holds_is_named(relax_main, dtype, between, what):
    from tvm.relax import op

    module = relax_main({"x": ((4,), dtype)}, lambda x: op.reshape(op.astype(x, between), (2, 2)))
    with pytest.raises(
        CompileError,
        match=f"^the Relax module: {what} is of the type {between}, .* one of bool, int8, ",
    ):
        compile(module)
