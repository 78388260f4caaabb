# SPDX-License-Identifier: Apache-2.0
"""PReLU and squared difference of 8 bits: every pair of operands, read from a file, as LiteRT."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

_SHAPE = (1, 256, 16, 16)
_OPTIONS = {"PRELU": None, "SQUARED_DIFFERENCE": "SquaredDifferenceOptions"}


@pytest.mark.parametrize("dtypes", [("PRELU", "int8", "uint8"), ("SQUARED_DIFFERENCE", "int8")])
def test_integers_are_those_of_litert(
    require_module: Callable[..., object],
    run_c: Run,
    tmp_path: pathlib.Path,
    dtypes: tuple[str, ...],
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    name, *kinds = dtypes
    cases, expected = [], []
    for dtype in kinds:
        low = int(np.iinfo(dtype).min)
        pairs = np.meshgrid(np.arange(256) + low, np.arange(256) + low)
        arrays = [operand.astype(dtype).reshape(_SHAPE) for operand in pairs]
        for zeros in ((0, 255, 128), (255, 0, 3), (100, 128, 0)):
            for scales in ((0.05, 0.01, 0.06), (0.02, 0.03, 0.001), (1.0, 0.9, 2.5)):
                tensors = [
                    QuantizedTensor(_SHAPE, dtype, float(np.float32(scale)), low + zero)
                    for scale, zero in zip(scales, zeros, strict=True)
                ]
                model = one_operator(name, tensors[:2], tensors[2], _OPTIONS[name], 1)
                (tmp_path / "model.tflite").write_bytes(model)
                (operator,) = read_file(tmp_path / "model.tflite", {}).operators.values()
                cases.append((operator, arrays))
                expected.append(answer(model, arrays))
    for (operator, arrays), result, want in zip(cases, run_c(cases), expected, strict=True):
        assert np.array_equal(operator.compute(*arrays), want), vars(operator)
        assert np.array_equal(result, want), vars(operator)
