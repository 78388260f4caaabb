# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED on inputs that are not flat, and weights in all the forms that files have."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_cases import tensor
from tests.compiler.operators.tflite_file import ModelFile, Weights, one_operator

_RANDOM = np.random.default_rng(11)


def _weights(dtype: str, scales: int = 1) -> np.ndarray | Weights:
    if dtype == "float32":
        return _RANDOM.uniform(-1, 1, (5, 8)).astype(np.float32)
    values = _RANDOM.integers(-127, 128, (5, 8)).astype(np.int8)
    return Weights(values, np.linspace(0.01, 0.03, scales).astype(np.float32), 0)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize(
    ("given", "result", "keep"),
    [
        ((2, 2, 2, 4), (4, 5), False),
        ((1, 4, 2), (1, 5), False),
        ((2, 3, 8), (2, 3, 5), True),
        ((1, 1, 2, 8), (1, 1, 2, 5), True),
    ],
)
def test_any_shape_of_input(checked, dtype, given, result, keep):
    """Rows of as many numbers as the weights have columns; keep_num_dims keeps the axes."""
    checked(
        one_operator(
            "FULLY_CONNECTED",
            [tensor(dtype, given), _weights(dtype)],
            tensor(dtype, result, 0.2),
            "FullyConnectedOptions",
            5 if keep else 4,
            keepNumDims=keep,
        )
    )


@pytest.mark.parametrize("bias", [False, True])
def test_a_scale_for_each_output(checked, bias):
    """Per-channel weights; a converter gives the bias the weights' scales."""
    source, weights = tensor("int8", (3, 8)), _weights("int8", 5)
    given = [source, weights]
    if bias:
        scales = weights.scales * np.float32(source.scale)
        given.append(Weights(np.arange(-200, 300, 100).astype(np.int32), scales, 0))
    checked(
        one_operator(
            "FULLY_CONNECTED", given, tensor("int8", (3, 5), 0.1), "FullyConnectedOptions", 12
        )
    )


@pytest.mark.parametrize("scales", [1, 5])
def test_hybrid_weights(checked, scales):
    """Float in and out, weights of int8: dynamic-range quantization."""
    bias = np.linspace(-1, 1, 5).astype(np.float32)
    given = [QuantizedTensor((3, 8), "float32"), _weights("int8", scales), bias]
    output = QuantizedTensor((3, 5), "float32")
    content = one_operator(
        "FULLY_CONNECTED", given, output, "FullyConnectedOptions", 12 if scales > 1 else 3
    )
    compiled = checked(content)
    assert compiled.inputs[0].dtype == compiled.outputs[0].dtype == "float32"


def test_weights_that_are_computed(checked):
    """Weights as an input of the model."""
    kinds = [QuantizedTensor(shape, "float32") for shape in ((2, 8), (5, 8))]
    output = QuantizedTensor((2, 5), "float32")
    checked(one_operator("FULLY_CONNECTED", kinds, output, "FullyConnectedOptions", 1))


def test_a_fused_activation_before_another_layer(checked):
    file = ModelFile()
    graph = file.graph()
    source, middle, result = (
        graph.tensor(QuantizedTensor(shape, "float32")) for shape in ((1, 2, 4), (1, 5), (1, 5))
    )
    weights = graph.tensor(_weights("float32"))
    square = graph.tensor(_RANDOM.uniform(-1, 1, (5, 5)).astype(np.float32))
    options = "FullyConnectedOptions"
    graph.operator(
        "FULLY_CONNECTED", [source, weights], [middle], options, 1, fusedActivationFunction=3
    )
    graph.operator(
        "FULLY_CONNECTED", [middle, square], [result], options, 1, fusedActivationFunction=1
    )
    graph.ends([source], [result])
    checked(file.write())
