# SPDX-License-Identifier: Apache-2.0
"""Logarithm of softmax, and quotients: C equals the oracle, the oracle LiteRT."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.errors import UnsupportedOperatorError
from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.divide import Div
from microtvm.compiler.operators.log_softmax import LogSoftmax

from .conftest import Case, Run
from .litert import answer
from .tflite_file import Weights, one_operator


def test_log_softmax(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path
) -> None:
    """One quantum apart at most, in one of a thousand results."""
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    random = np.random.default_rng(3)
    cases: list[Case] = []
    expected = []
    for dtype, low in (("int8", -128), ("uint8", 0)):
        for shape, scale in (((90, 10), 0.001), ((40, 2, 10), 0.07), ((300, 3), 0.9)) + (
            ((1, 3000), 0.05),
            ((3, 1), 0.1),
            ((30, 20), 200.0),
        ):
            source = QuantizedTensor(shape, dtype, scale, low + 5)
            output = QuantizedTensor(shape, dtype, 1 / 16, low + 255)
            model = one_operator("LOG_SOFTMAX", [source], output, "LogSoftmaxOptions")
            (tmp_path / "model.tflite").write_bytes(model)
            (operator,) = read_file(tmp_path / "model.tflite", {}).operators.values()
            assert isinstance(operator, LogSoftmax)
            values = [random.integers(low, low + 256, shape).astype(dtype)]
            cases.append((operator, values))
            expected.append([answer(model, values, reference) for reference in (False, True)])
    apart = []
    for (operator, arrays), result, answers in zip(cases, run_c(cases), expected, strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        apart += [np.abs(result.astype(int) - theirs).ravel() for theirs in answers]
    assert max(map(np.max, apart)) <= 1
    assert np.concatenate(apart).mean() < 1e-3


def _quotients(random: np.random.Generator, dtype: str) -> tuple[list[np.ndarray], list[int]]:
    """Pairs of numbers of which the second is not zero, and zero points."""
    low = int(np.iinfo(dtype).min)
    if dtype == "int16":
        a, b = (random.integers(-32768, 32768, (2, 500)) // divisor for divisor in (1, 300))
        return [a.astype(dtype), np.where(b == 0, 1, b).astype(dtype)], [0, 0, 0]
    a, b = np.meshgrid(np.arange(256), np.arange(256))
    zeros = [int(low + random.integers(0, 256)) for _ in range(3)]
    b = np.where(b + low == zeros[1], (b + 1) % 256, b)
    return [(x + low).astype(dtype) for x in (a, b)], zeros


def test_div(require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path) -> None:
    """LiteRT's integers, but for quotients so small that its own shift leaves 32 bits."""
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    random = np.random.default_rng(4)
    cases: list[Case] = []
    expected, exact, different = [], [], 0
    for dtype in ("int8", "uint8", "int16"):
        for scales in ((0.5, 0.01, 1.0), (0.05, 0.05, 0.05), (3.0, 0.01, 0.02), (0.03, 0.2, 0.01)):
            arrays, zeros = _quotients(random, dtype)
            ends = [
                QuantizedTensor(arrays[0].shape, dtype, scale, zero)
                for scale, zero in zip(scales, zeros, strict=True)
            ]
            model = one_operator("DIV", ends[:2], ends[2], "DivOptions", fusedActivationFunction=1)
            (tmp_path / "model.tflite").write_bytes(model)
            (operator,) = read_file(tmp_path / "model.tflite", {}).operators.values()
            assert isinstance(operator, Div)
            cases.append((operator, arrays))
            expected.append(answer(model, arrays))
            a, b = (t.dequantize(x) for t, x in zip(ends, arrays, strict=False))
            exact.append(a / b / ends[2].scale)
    for (operator, arrays), result, theirs, real in zip(
        cases, run_c(cases), expected, exact, strict=True
    ):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        zero, high = operator.output.zero_point, operator.output.limits[1]
        wanted = np.clip(real + zero, zero, high)
        assert np.abs(result - wanted).max() < 0.501
        unlike = result != theirs
        assert np.abs(real[unlike]).max(initial=0) < 1
        different += int(unlike.sum())
    assert different < 0.02 * sum(result.size for result in expected)


def test_division_by_zero(run_c: Run, tmp_path: pathlib.Path) -> None:
    """LiteRT refuses it in a run; here a limit is the result, and a constant is refused."""
    kind = QuantizedTensor((3,), "int8", 0.1, 5)
    case = Div(kind, kind, kind), [np.array([4, 5, 6], np.int8), np.full(3, 5, np.int8)]
    (result,) = run_c([case])
    assert result.tolist() == case[0].compute(*case[1]).tolist() == [-128, 127, 127]


def test_a_constant_divisor_with_a_zero_is_refused(
    require_module: Callable[..., object], tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    kind = QuantizedTensor((3,), "int8", 0.1, 5)
    divisor = Weights(np.array([4, 5, 6], np.int8), np.full(1, 0.1, np.float32), 0, 5)
    (tmp_path / "model.tflite").write_bytes(
        one_operator("DIV", [kind, divisor], kind, "DivOptions")
    )
    with pytest.raises(UnsupportedOperatorError, match="divides by 't1', in which there is a zero"):
        read_file(tmp_path / "model.tflite", {})
