# SPDX-License-Identifier: Apache-2.0
"""Bilinear interpolation: C equals the oracle, the oracle LiteRT, default and reference."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from itertools import product

import numpy as np

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.requantize import Rounding
from microtvm.compiler.operators.resize_bilinear import ResizeBilinear

from .conftest import Run
from .litert import answer
from .tflite_file import one_operator

_SIZES = [(4, 5, 8, 10), (7, 3, 5, 11), (5, 5, 3, 3), (3, 1, 7, 2), (6, 4, 6, 13)]
_OPTIONS = [(False, False), (True, False), (False, True)]
_ROUNDINGS: list[Rounding] = ["single", "double"]


def test_against_litert(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    random = np.random.default_rng(5)
    cases, answers = [], []
    kinds = product(["int8", "uint8", "int16"], _SIZES, _OPTIONS, _ROUNDINGS)
    for dtype, size, how, rounding in kinds:
        height, width, rows, columns = size
        source, output = (
            QuantizedTensor((2, y, x, 3), dtype, 0.05, 0 if dtype == "int16" else 3)
            for y, x in ((height, width), (rows, columns))
        )
        model = one_operator(
            "RESIZE_BILINEAR",
            [source, np.array([rows, columns], np.int32)],
            output,
            "ResizeBilinearOptions",
            4,
            alignCorners=how[0],
            halfPixelCenters=how[1],
        )
        (tmp_path / "model.tflite").write_bytes(model)
        (operator,) = read_file(tmp_path / "model.tflite", {}, rounding).operators.values()
        assert isinstance(operator, ResizeBilinear)
        low, high = source.limits
        image = random.integers(low, high + 1, source.shape).astype(dtype)
        cases.append((operator, [image]))
        answers.append((answer(model, [image], reference=rounding == "double"), rounding))
    for (operator, arrays), result, (theirs, rounding) in zip(
        cases, run_c(cases), answers, strict=True
    ):
        assert np.array_equal(result, operator.compute(*arrays)), vars(operator)
        # LiteRT's own kernel of uint8 computes in float.
        in_float = rounding == "double" and result.dtype == np.uint8
        assert np.abs(result.astype(int) - theirs).max() <= in_float, vars(operator)
