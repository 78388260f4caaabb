# SPDX-License-Identifier: Apache-2.0
"""Products of two matrices, and sums along axes: C equals the oracle, the oracle LiteRT."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import Operator, QuantizedTensor
from microtvm.compiler.operators.batch_matmul import BatchMatMul
from microtvm.compiler.operators.mean import Sum
from microtvm.compiler.operators.requantize import Rounding

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

Case = tuple[bytes, list[np.ndarray]]


def _tensor(
    random: np.random.Generator, dtype: str, shape: tuple[int, ...], scale: float
) -> QuantizedTensor:
    zero = 0 if dtype == "int16" else int(random.choice([-20, 5])) + 128 * (dtype == "uint8")
    return QuantizedTensor(shape, dtype, scale, zero)


def _values(random: np.random.Generator, tensor: QuantizedTensor) -> np.ndarray:
    low, high = tensor.limits
    return random.integers(low, high + 1, tensor.shape).astype(tensor.dtype)


def _products(random: np.random.Generator) -> list[Case]:
    shapes = [
        ((), (), 7, 9, 5),
        ((2,), (2,), 1, 33, 3),
        ((2, 1), (1, 3), 4, 8, 4),
        ((3,), (1,), 5, 6, 1),
    ]
    cases = []
    for dtype in ("int8", "int16"):
        for (left, right, rows, depth, columns), turned in zip(
            shapes * 2, (0, 1, 2, 3, 3, 2, 1, 0), strict=True
        ):
            x = (*left, *((depth, rows) if turned & 1 else (rows, depth)))
            y = (*right, *((columns, depth) if turned & 2 else (depth, columns)))
            outer = np.broadcast_shapes(left, right)
            ends = [_tensor(random, dtype, shape, 0.0612) for shape in (x, y)]
            # Shifts of a few bits tell two roundings from one.
            scale = 0.0612**2 * (0.7 if turned else 40) * (100 if dtype == "int16" else 3)
            output = _tensor(random, dtype, (*outer, rows, columns), scale)
            options = {"adjX": bool(turned & 1), "adjY": bool(turned & 2)}
            model = one_operator("BATCH_MATMUL", ends, output, "BatchMatMulOptions", 4, **options)
            cases.append((model, [_values(random, tensor) for tensor in ends]))
    return cases


def _sums(random: np.random.Generator) -> list[Case]:
    cases = []
    for dtype in ("int8", "uint8", "int16"):
        # Scales of 1/2 and twice 3 give halves.
        for axes, scale in (
            ((1,), 0.3),
            ((0, 2), 0.9),
            ((-1,), 0.02),
            ((0, 1, 2), 2.0),
            ((1,), 0.5),
        ):
            source = _tensor(random, dtype, (3, 10, 70), 0.25 if scale == 0.5 else 0.0612)
            shape = tuple(1 if a in [x % 3 for x in axes] else source.shape[a] for a in range(3))
            output = _tensor(random, dtype, shape, scale)
            model = one_operator(
                "SUM", [source, np.array(axes, np.int32)], output, "ReducerOptions", keepDims=True
            )
            cases.append((model, [_values(random, source)]))
    return cases


def _ours(
    made: Sequence[Case], folder: pathlib.Path, kind: type[Operator], rounding: Rounding = "single"
) -> list[tuple[Operator, list[np.ndarray]]]:
    """The operators that come of models, with their inputs."""
    cases = []
    for model, arrays in made:
        (folder / "model.tflite").write_bytes(model)
        (operator,) = read_file(folder / "model.tflite", {}, rounding).operators.values()
        assert isinstance(operator, kind)
        cases.append((operator, arrays))
    return cases


@pytest.mark.parametrize(("make", "kind"), [(_products, BatchMatMul), (_sums, Sum)])
def test_against_litert(
    require_module: Callable[..., object],
    run_c: Run,
    tmp_path: pathlib.Path,
    make: Callable[[np.random.Generator], list[Case]],
    kind: type[Operator],
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    made = make(np.random.default_rng(11))
    cases = _ours(made, tmp_path, kind)
    results = run_c(cases)
    for (operator, arrays), result, (model, _) in zip(cases, results, made, strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        assert np.array_equal(result, answer(model, arrays)), vars(operator)
    # Most must not be all at one end.
    assert sum(len(np.unique(result)) > 1 for result in results) > len(results) / 2


def test_sums_with_two_roundings(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path
) -> None:
    """Of uint8 those of LiteRT's reference kernel, which reads the other types as uint8."""
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    made = _sums(np.random.default_rng(12))
    cases = _ours(made, tmp_path, Sum, "double")
    for (operator, arrays), result, (model, _) in zip(cases, run_c(cases), made, strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        if result.dtype == np.uint8:
            assert np.array_equal(result, answer(model, arrays, reference=True)), vars(operator)
