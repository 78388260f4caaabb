# SPDX-License-Identifier: Apache-2.0
"""LSTM of int8 at random: C equals the oracle, the oracle LiteRT over runs that keep the state."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microtvm.compiler.frontends import read_file
from microtvm.compiler.operators import QuantizedTensor
from microtvm.compiler.operators.lstm import Lstm, Part

from .conftest import Case, Run
from .tflite_file import ModelFile, Weights

_RUNS = 3


@st.composite
def _layers(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "steps": draw(st.integers(1, 4)),
        "batch": draw(st.integers(1, 3)),
        "width": draw(st.integers(1, 9)),
        "cells": draw(st.integers(1, 6)),
        "coupled": draw(st.booleans()),
        "time_major": draw(st.booleans()),
        "clip": draw(st.sampled_from([0.0, 0.4, 10.0])),
        "cell_bits": draw(st.integers(9, 15)),
        "zeros": (draw(st.integers(-128, 127)), draw(st.integers(-128, 127))),
        "weight_scale": draw(st.sampled_from([0.002, 0.02, 0.2])),
        "seed": draw(st.integers(0, 99)),
    }


def _model(layer: dict[str, Any], source: QuantizedTensor, result: QuantizedTensor) -> bytes:
    random, file = np.random.default_rng(layer["seed"]), ModelFile()
    graph = file.graph()
    cells, width, zero = layer["cells"], layer["width"], layer["zeros"][1]

    def constant(*shape: int) -> int:
        many = len(shape) == 1
        limit, dtype = (5000, np.int32) if many else (127, np.int8)
        scale = layer["weight_scale"] * random.uniform(0.5, 1)
        values = random.integers(-limit, limit + 1, shape).astype(dtype)
        return graph.tensor(Weights(values, np.full(1, scale, np.float32), 0))

    def gates(*shape: int) -> list[int]:
        return [-1 if layer["coupled"] and i == 0 else constant(*shape) for i in range(4)]

    hidden = QuantizedTensor((layer["batch"], cells), "int8", result.scale, zero)
    cell = QuantizedTensor(hidden.shape, "int16", 2.0 ** -layer["cell_bits"])
    given_ = [graph.tensor(source), *gates(cells, width), *gates(cells, cells), -1, -1, -1]
    given_ += [*gates(cells), -1, -1]
    given_ += [graph.tensor(hidden, variable=True), graph.tensor(cell, variable=True), *[-1] * 4]
    out = graph.tensor(result)
    graph.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        given_,
        [out],
        "UnidirectionalSequenceLSTMOptions",
        1,
        fusedActivationFunction=4,
        timeMajor=layer["time_major"],
        cellClip=layer["clip"],
    )
    # Scales of gates are those of LiteRT's kernel, whatever stands here; the last one is heeded.
    graph.intermediates([(1 / 4096, 0)] * 4 + [(1 / 100, zero)])
    graph.ends(given_[:1], [out])
    return file.write()


@settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(layer=_layers())
def _imported(
    folder: pathlib.Path, found: list[tuple[Case, np.ndarray]], layer: dict[str, Any]
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    outer = (layer["batch"], layer["steps"])
    outer = outer[::-1] if layer["time_major"] else outer
    source = QuantizedTensor((*outer, layer["width"]), "int8", 0.05, layer["zeros"][0])
    result = QuantizedTensor((*outer, layer["cells"]), "int8", 1 / 128, layer["zeros"][1])
    content = _model(layer, source, result)
    (folder / "model.tflite").write_bytes(content)
    lstm, *parts = read_file(folder / "model.tflite", {}).operators.values()
    assert isinstance(lstm, Lstm) and all(isinstance(part, Part) for part in parts)
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    random = np.random.default_rng(layer["seed"])
    hidden = np.full(lstm.inputs[1].shape, layer["zeros"][1], np.int8)
    cell = np.zeros(lstm.inputs[2].shape, np.int16)
    for _ in range(_RUNS):
        values = random.integers(-128, 128, source.shape).astype(np.int8)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        theirs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        together = lstm.compute(values, hidden, cell)
        found.append(((lstm, [values, hidden, cell]), together))
        cell, hidden, ours = (part.compute(together) for part in parts)
        assert np.array_equal(ours, theirs), layer
        found += [
            ((p, [together]), part) for p, part in zip(parts, (cell, hidden, ours), strict=True)
        ]


def test_against_litert(
    require_module: Callable[..., object], run_c: Run, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    require_module("ai_edge_litert", "ask LiteRT")
    found: list[tuple[Case, np.ndarray]] = []
    _imported(tmp_path, found)
    results = run_c([case for case, _ in found])
    for (case, wanted), result in zip(found, results, strict=True):
        assert np.array_equal(result, wanted), vars(case[0])
    assert len({result.tobytes() for result in results}) > len(results) / 4
