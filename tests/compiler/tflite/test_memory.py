# SPDX-License-Identifier: Apache-2.0
"""Layers and variables that keep state: run by run LiteRT's answers, and a reset forgets them."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import compile
from tests.compiler.operators.tflite_cases import CASES

_RUNS = 8


def _stream(model, content, draws):
    """Our answers and LiteRT's, one run after the other, of one interpreter."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    (target,) = interpreter.get_output_details()
    for sample in draws:
        interpreter.set_tensor(source["index"], sample)
        interpreter.invoke()
        yield model(sample)[0], interpreter.get_tensor(target["index"])


@pytest.mark.parametrize(
    ("operator", "dtype"),
    [
        ("SVDF", "float32"),
        ("SVDF", "int8"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "float32"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "int8"),
        ("ASSIGN_VARIABLE", "float32"),
        ("ASSIGN_VARIABLE", "int8"),
    ],
)
def test_a_stream(operator, dtype, tmp_path, build, require_module):
    """Eight runs as LiteRT has them; after a reset the same eight again."""
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "ask LiteRT")
    content = CASES[operator][1](dtype)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    compiled = compile(path)
    model = build(compiled)
    (info,) = compiled.inputs
    random = np.random.default_rng(5)
    draws = [random.uniform(-1, 1, info.shape).astype(np.float32) for _ in range(_RUNS)]
    if dtype == "int8":
        draws = [random.integers(-20, 21, info.shape).astype(np.int8) for _ in range(_RUNS)]
    in_integers = dtype == "int8" and operator != "ASSIGN_VARIABLE"
    if in_integers:
        assert all(layer.integers for layer in compiled.layers)
    first = []
    for ours, theirs in _stream(model, content, draws):
        if in_integers:
            assert np.array_equal(ours, theirs)
        elif dtype == "int8":
            assert np.abs(ours.astype(int) - theirs).max() <= 1
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        first.append(ours)
    assert any((a != first[0]).any() for a in first[1:])
    model.reset()
    for sample, before in zip(draws, first, strict=True):
        assert np.array_equal(model(sample)[0], before)
