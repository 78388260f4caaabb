# SPDX-License-Identifier: Apache-2.0
"""Operators of ours beside TVM's kernels: one straight line, one arena."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.compiled import CompiledModel
from microtvm.compiler.operators import OperatorTable, QuantizedTensor
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
