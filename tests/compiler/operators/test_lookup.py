# SPDX-License-Identifier: Apache-2.0
"""Functions of one tensor: all its inputs, read from a file, as LiteRT has them."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

_BOTH = ("int8", "uint8")
_SHAPE = (1, 16, 4, 4)

# Operator: its options table and that table's fields, its version, the types LiteRT has it for.
_OPERATORS: dict[str, tuple[str | None, dict[str, Any], int, tuple[str, ...]]] = {
    "LOGISTIC": (None, {}, 2, _BOTH),
    "TANH": (None, {}, 2, _BOTH),
    "RELU": (None, {}, 2, _BOTH),
    "RELU6": (None, {}, 2, _BOTH),
    "RELU_N1_TO_1": (None, {}, 1, _BOTH),
    "RELU_0_TO_1": (None, {}, 1, _BOTH),
    "LEAKY_RELU": ("LeakyReluOptions", {"alpha": 0.3}, 2, _BOTH),
    "ELU": (None, {}, 1, ("int8",)),
    "HARD_SWISH": ("HardSwishOptions", {}, 1, _BOTH),
    "GELU": ("GeluOptions", {"approximate": False}, 2, _BOTH),
    "ABS": ("AbsOptions", {}, 2, ("int8",)),
    "EXP": ("ExpOptions", {}, 1, ("int8",)),
    "LOG": (None, {}, 2, ("int8",)),
    "RSQRT": (None, {}, 2, ("int8",)),
    "QUANTIZE": ("QuantizeOptions", {}, 1, _BOTH),
}


def _tensors(name: str, dtype: str, draw: np.random.Generator) -> tuple[Any, Any]:
    """Input and output, with scales that make factors from 1/50 to 50."""
    low = int(np.iinfo(dtype).min)
    scales = np.exp(draw.uniform(-5, -1, 2)).astype(np.float32).tolist()
    zeros = (low + draw.integers(0, 256, 2)).tolist()
    if name in ("LOG", "RSQRT"):
        zeros[0] = low  # they take no negative numbers
    if name == "LOGISTIC":
        scales[1], zeros[1] = 1 / 256, low
    if name == "TANH":
        scales[1], zeros[1] = 1 / 128, low + 128
    return tuple(QuantizedTensor(_SHAPE, dtype, s, z) for s, z in zip(scales, zeros, strict=True))


@pytest.mark.parametrize("name", _OPERATORS)
def test_integers_are_those_of_litert(
    require_module: Callable[..., object], run_c: Run, name: str, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    options, fields, version, dtypes = _OPERATORS[name]
    draw = np.random.default_rng(len(name))
    cases, expected = [], []
    for dtype in dtypes:
        values = (np.arange(256) + np.iinfo(dtype).min).astype(dtype).reshape(_SHAPE)
        for _ in range(6):
            source, output = _tensors(name, dtype, draw)
            model = one_operator(name, [source], output, options, version, **fields)
            (tmp_path / "model.tflite").write_bytes(model)
            (operator,) = read_file(tmp_path / "model.tflite", {}).operators.values()
            cases.append((operator, [values]))
            expected.append(answer(model, [values]))
    for (operator, arrays), result, want in zip(cases, run_c(cases), expected, strict=True):
        assert np.array_equal(operator.compute(*arrays), want)
        assert np.array_equal(result, want)


_ALL_INT16 = np.arange(-32768, 32768).astype(np.int16).reshape(1, 256, 16, 16)

# Operator of int16: its options table and fields, its version, pairs of scales.
_STEPS = 2.0**-15
_UNLIKE = ((0.001, 0.001), (0.001, 0.0003), (0.0003, 0.001), (0.01, 0.0001))
_SIGMOIDS = tuple((s, _STEPS) for s in (2.0**-12, 2.0**-11, 2.0**-13, 0.0005, 0.3, 2.0, 1e-7))
_OF_INT16: dict[str, tuple[str | None, dict[str, Any], int, tuple[tuple[float, float], ...]]] = {
    "LOGISTIC": (None, {}, 3, _SIGMOIDS),
    "TANH": (None, {}, 3, _SIGMOIDS),
    "RELU": (None, {}, 1, _UNLIKE),
    "RELU6": (None, {}, 1, _UNLIKE),
    "LEAKY_RELU": ("LeakyReluOptions", {"alpha": 0.3}, 2, _UNLIKE),
    "ABS": ("AbsOptions", {}, 2, _UNLIKE),
}


@pytest.mark.parametrize("rounding", ["single", "double"])
def test_int16_is_that_of_litert(
    require_module: Callable[..., object], run_c: Run, rounding: Any, tmp_path: pathlib.Path
) -> None:
    """All 65,536 inputs of each function."""
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    cases, expected = [], []
    for name, (options, fields, version, pairs) in _OF_INT16.items():
        for scales in pairs:
            tensors = [QuantizedTensor(_ALL_INT16.shape, "int16", scale) for scale in scales]
            model = one_operator(name, tensors[:1], tensors[1], options, version, **fields)
            (tmp_path / "model.tflite").write_bytes(model)
            imported = read_file(tmp_path / "model.tflite", {}, rounding)
            (operator,) = imported.operators.values()
            cases.append((operator, [_ALL_INT16]))
            expected.append(answer(model, [_ALL_INT16], reference=rounding == "double"))
    for (operator, arrays), result, want in zip(cases, run_c(cases), expected, strict=True):
        assert np.array_equal(operator.compute(*arrays), want), vars(operator)
        assert np.array_equal(result, want), vars(operator)


@pytest.mark.parametrize("name", ["EXP", "LOG", "RSQRT"])
def test_int16_by_a_table_is_that_of_litert(
    require_module: Callable[..., object], run_c: Run, name: str, tmp_path: pathlib.Path
) -> None:
    """All inputs that LiteRT takes; up to one quantum apart, since no two libraries have the same
    exp and log of float32."""
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    values = np.where(_ALL_INT16 <= 0, 1, _ALL_INT16) if name == "RSQRT" else _ALL_INT16
    values = values.astype(np.int16)
    cases, expected = [], []
    for scales in [(0.0002, 0.0002), (0.0001, 0.001), (0.001, 0.0001)]:
        tensors = [QuantizedTensor(values.shape, "int16", scale) for scale in scales]
        options = "ExpOptions" if name == "EXP" else None
        model = one_operator(name, tensors[:1], tensors[1], options, 3 if name == "RSQRT" else 2)
        (tmp_path / "model.tflite").write_bytes(model)
        (operator,) = read_file(tmp_path / "model.tflite", {}).operators.values()
        cases.append((operator, [values]))
        expected.append(answer(model, [values]).astype(np.int32))
    for (operator, arrays), result, want in zip(cases, run_c(cases), expected, strict=True):
        assert np.array_equal(result, operator.compute(*arrays))
        assert np.abs(result - want).max() <= 1
