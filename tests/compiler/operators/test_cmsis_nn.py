# SPDX-License-Identifier: Apache-2.0
"""Calls of CMSIS-NN give the integers of the kernels that they stand for.

CMSIS-NN itself comes from no package registry: CMSIS_PATH names it, or else a stand-in of ours
(tests/cmsis_nn) has its functions, as they are documented. Both see each layer.
"""

from __future__ import annotations

import functools
import pathlib
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.operators import Operator, QuantizedTensor
from microtvm.compiler.operators.cmsis_nn import cmsis_nn_form
from microtvm.compiler.operators.cmsis_nn.call import CmsisCall
from microtvm.compiler.operators.conv2d import Conv2D, Window
from microtvm.compiler.operators.dense import Dense
from microtvm.compiler.operators.depthwise import Depthwise
from microtvm.compiler.operators.pool import Pool2D
from microtvm.compiler.operators.requantize import Rounding
from tests.compiler.operators.conftest import Case, Run
from tests.compiler.operators.random_layers import random_layer

PORTABLE = pathlib.Path(__file__).parents[3] / "device_kit/cmsis_nn/portable.h"
STAND_IN = pathlib.Path(__file__).parents[2] / "cmsis_nn/stand_in"
DEFINED = {"single": ["-DCMSIS_NN_USE_SINGLE_ROUNDING"], "double": []}

Library = Callable[[Rounding], list[str]]


@pytest.fixture(scope="module", params=["stand-in", "Arm's"])
def library(
    request: pytest.FixtureRequest, require: Callable[..., str], tmp_path_factory
) -> Library:
    """``library(rounding)``: what a compiler's command needs for CMSIS-NN, compiled."""
    is_stand_in = request.param == "stand-in"
    directory = STAND_IN if is_stand_in else request.getfixturevalue("cmsis_path")
    compiler = require("gcc", "compile CMSIS-NN")

    @functools.cache
    def build(rounding: Rounding) -> list[str]:
        folder = tmp_path_factory.mktemp(rounding)
        words = [*DEFINED[rounding], f"-isystem{directory / 'Include'}", "-include", str(PORTABLE)]
        files = directory.glob("Source/*Functions/*.c")
        sources = [str(f) for f in files if not f.stem.endswith(("_f16", "_f32"))]
        subprocess.run([compiler, "-O1", "-w", *words, "-c", *sources], cwd=folder, check=True)
        return [*words, *(str(path) for path in folder.glob("*.o"))]

    return build


def _pools() -> list[Operator]:
    source = QuantizedTensor((2, 7, 5, 6), "int8", 0.1, 3)
    cases: list[Operator] = []
    for average in (True, False):
        for limits in (None, (-20, 40)):
            for padding, size in (((0, 0), (3, 2)), ((1, 1), (4, 3))):
                output = QuantizedTensor((2, *size, 6), "int8", 0.1, 3)
                pool = {"average": average, "window": (3, 2), "strides": (2, 2)}
                cases.append(Pool2D(source, output, **pool, padding=padding, limits=limits))
    return cases


def _rows() -> list[Operator]:
    """Convolutions of one row, for which CMSIS-NN has a function of its own."""
    cases: list[Operator] = []
    for width, kernel, stride, pad, out in (
        (8, 3, 1, 1, 8),
        (8, 5, 2, 1, 4),
        (8, 3, 2, 0, 3),
        (9, 4, 1, 1, 9),
        (3, 5, 1, 2, 3),
        (8, 1, 1, 0, 8),
    ):
        random = np.random.default_rng(width)
        source = QuantizedTensor((1, 1, width, 4), "int8", 0.1, -5)
        output = QuantizedTensor((1, 1, out, 6), "int8", 0.2, 9)
        weights = random.integers(-127, 128, (6, 1, kernel, 4)).astype(np.int8)
        window = Window((1, stride), (1, 1), (0, pad))
        cases.append(Conv2D(source, output, weights, None, np.array([0.01]), window))
    return cases


def _cases(rounding: Rounding) -> list[Case]:
    operators = [random_layer(np.random.default_rng(i), i, rounding) for i in range(48)]
    if rounding == "single":
        operators += [*_pools(), *_rows()]
    cases = []
    for index, operator in enumerate(operators):
        random = np.random.default_rng(index)
        call = cmsis_nn_form(operator, rounding)
        if isinstance(call, CmsisCall):
            arrays = [random.integers(-128, 128, x.shape).astype(np.int8) for x in call.inputs]
            cases.append((call, arrays))
    return cases


@pytest.mark.parametrize("rounding", ["single", "double"])
def test_calls_are_their_kernels(library: Library, run_c: Run, rounding: Rounding) -> None:
    cases = _cases(rounding)
    kinds = [operator.name for operator, _ in cases]
    for name in ("conv2d", "depthwise_conv2d", "dense"):
        assert kinds.count(f"cmsis_nn_{name}") >= 8
    for (operator, arrays), result in zip(cases, run_c(cases, library(rounding)), strict=True):
        assert np.array_equal(result, operator.compute(*arrays)), (operator.name, vars(operator))


def test_the_other_rounding_does_not_compile(
    library: Library, run_c: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    case = next(case for case in _cases("single") if case[0].name == "cmsis_nn_conv2d")
    with pytest.raises(subprocess.CalledProcessError):
        run_c([case], library("double"))
    said = capfd.readouterr().err
    assert "compile CMSIS-NN and this with CMSIS_NN_USE_SINGLE_ROUNDING" in said


def _dense(scale: float, rounding: Rounding = "single") -> Operator:
    source = QuantizedTensor((1, 16), "int8", 0.1, 3)
    output = QuantizedTensor((1, 4), "int8", 0.1, 0)
    weights = np.full((4, 16), 127, np.int8)
    return Dense(source, output, weights, None, np.array([scale]), None, rounding)


def test_what_would_not_be_exact_keeps_its_kernel() -> None:
    source = QuantizedTensor((1, 1, 9, 1), "int8", 0.1, 3)
    output = QuantizedTensor((1, 1, 9, 9), "int8", 0.1, 3)
    weights = np.ones((1, 3, 9), np.int8)
    row = Depthwise(source, output, weights, None, np.ones(1), Window(padding=(0, 1)))
    pixels = QuantizedTensor((1, 1, 3, 1), "int8", 0.1, 3)
    pool = {"average": True, "window": (1, 3), "strides": (1, 3), "ties_to_even": True}
    evened = Pool2D(source, pixels, **pool)
    kept = [_dense(0.01, "double"), _dense(2.0**13), row, evened]
    assert all(cmsis_nn_form(operator, "single") is operator for operator in kept)
    taken = cmsis_nn_form(_dense(0.01), "single")
    assert taken.name == "cmsis_nn_dense" and taken.followed_by(row, 0) is None
