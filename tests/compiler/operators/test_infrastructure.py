# SPDX-License-Identifier: Apache-2.0
"""Operators of ours beside TVM's kernels: one straight line, one arena."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.compiled import CompiledModel
from microtvm.compiler.operators import OperatorTable, QuantizedTensor
from microtvm.compiler.operators.conv2d import Conv2D, Window
from microtvm.compiler.operators.elementwise import Add
from microtvm.compiler.operators.lookup import Lookup


@pytest.fixture
def negation() -> Lookup:
    """An operator whose result differs from its input."""
    tensor = QuantizedTensor((2, 500), "int8")
    return Lookup("negation", tensor, tensor, np.clip(-np.arange(-128, 128), -128, 127))


def test_operators_and_tvm_kernels_run_in_one_line(
    relax_main: Callable[..., object],
    build: Callable[[CompiledModel], Callable[..., list[np.ndarray]]],
    negation: Lookup,
) -> None:
    from tvm import relax

    from microtvm.compiler.frontends.imported import ImportedModel
    from microtvm.compiler.pipeline import compile_imported

    table = OperatorTable()
    module = relax_main(
        {"x": ((2, 500), "int8")},
        lambda x: relax.op.add(
            table.call(negation, table.call(negation, table.call(negation, relax.op.add(x, x)))),
            relax.op.reshape(table.call(negation, x), (2, 500)),
        ),
    )
    compiled = compile_imported(ImportedModel(module, ["x"], ["y"], "a test", table), "default")
    x = np.arange(1000, dtype=np.int8).reshape(2, 500)
    twice, minus = x + x, negation.compute(x)
    expected = negation.compute(negation.compute(negation.compute(twice))) + minus
    assert np.array_equal(build(compiled)(x)[0], expected)
    # The chain is computed in place: two tensors, not three, are alive at the busiest call.
    assert compiled.workspace_bytes == 2 * 1008
    assert compiled.constant_bytes == 4 * 256
    assert all(layer.integers and layer.shape == (2, 500) for layer in compiled.layers)
    assert max(layer.arena_bytes for layer in compiled.layers) == 2 * 1000


def test_layers_say_what_runs_in_float(relax_main: Callable[..., object], negation: Lookup) -> None:
    from tvm import relax

    from microtvm.compiler.frontends.imported import ImportedModel
    from microtvm.compiler.pipeline import compile_imported

    table = OperatorTable()

    def root(x: object) -> object:
        real = relax.op.dequantize(x, relax.const(0.1, "float32"), relax.const(0, "int8"))
        return relax.op.quantize(
            relax.op.sqrt(real), relax.const(0.1, "float32"), relax.const(0, "int8")
        )

    module = relax_main({"x": ((2, 500), "int8")}, lambda x: table.call(negation, root(x)))
    compiled = compile_imported(ImportedModel(module, ["x"], ["y"], "a test", table), "default")
    first, second = compiled.layers
    assert not first.integers and first.macs is None and "sqrt" in first.operator
    assert second.integers and second.operator == "negation" and second.weight_bytes == 256


def test_a_residual_addition_is_written_over_the_tensor_that_it_adds(
    relax_main: Callable[..., object],
    build: Callable[[CompiledModel], Callable[..., list[np.ndarray]]],
) -> None:
    from tvm import relax

    from microtvm.compiler.frontends.imported import ImportedModel
    from microtvm.compiler.pipeline import compile_imported

    random = np.random.default_rng(0)
    tensor = QuantizedTensor((1, 5, 5, 8), "int8", 0.1, 3)
    weights = random.integers(-127, 128, (8, 3, 3, 8)).astype(np.int8)
    window = Window(padding=(1, 1))
    layer = Conv2D(tensor, tensor, weights, None, np.array([0.001]), window)
    add = Add(tensor, tensor, tensor, subtract=True)
    table = OperatorTable()

    def body(x: object) -> object:
        builder = relax.BlockBuilder.current()
        skip = builder.emit(table.call(layer, x))
        between = table.call(layer, table.call(layer, skip))
        return table.call(layer, table.call(add, skip, between))

    module = relax_main({"x": (tensor.shape, "int8")}, body)
    compiled = compile_imported(ImportedModel(module, ["x"], ["y"], "a test", table), "default")
    x = random.integers(-128, 128, tensor.shape).astype(np.int8)
    skip = layer.compute(x)
    expected = layer.compute(add.compute(skip, layer.compute(layer.compute(skip))))
    assert np.array_equal(build(compiled)(x)[0], expected)
    assert "tvmgen_default_conv2d_sub" in [kernel.name for kernel in compiled.kernels]
    # Two tensors of 208 bytes, the patches of two pixels, their results before they are added.
    assert compiled.workspace_bytes == 2 * 208 + 4 * 72 + 16


def test_a_tensor_that_is_still_read_is_not_written_over(
    relax_main: Callable[..., object],
    build: Callable[[CompiledModel], Callable[..., list[np.ndarray]]],
) -> None:
    from tvm import relax

    from microtvm.compiler.frontends.imported import ImportedModel
    from microtvm.compiler.pipeline import compile_imported

    random = np.random.default_rng(0)
    tensor = QuantizedTensor((1, 5, 5, 8), "int8", 0.1, 3)
    weights = random.integers(-127, 128, (8, 3, 3, 8)).astype(np.int8)
    layer = Conv2D(tensor, tensor, weights, None, np.array([0.001]), Window(padding=(1, 1)))
    add = Add(tensor, tensor, tensor)
    table = OperatorTable()

    def body(x: object) -> object:
        skip = relax.BlockBuilder.current().emit(table.call(layer, x))
        return table.call(layer, table.call(add, table.call(layer, skip), skip))

    module = relax_main({"x": (tensor.shape, "int8")}, body)
    compiled = compile_imported(ImportedModel(module, ["x"], ["y"], "a test", table), "default")
    x = random.integers(-128, 128, tensor.shape).astype(np.int8)
    skip = layer.compute(x)
    expected = layer.compute(add.compute(layer.compute(skip), skip))
    assert np.array_equal(build(compiled)(x)[0], expected)
