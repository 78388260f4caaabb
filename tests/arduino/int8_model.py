# SPDX-License-Identifier: Apache-2.0
"""A model of the kind that an 8-bit board has room for: int8, 2.7 KiB of constants."""

from __future__ import annotations

import numpy as np

from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_file import ModelFile, Weights

SHAPE = (1, 8, 8, 1)
_WEIGHT_SCALE, _STEP = 0.004, 0.05


def _weights(random: np.random.Generator, *shape: int, axis: int = 0) -> Weights:
    values = random.integers(-127, 128, shape).astype(np.int8)
    return Weights(values, np.full(shape[axis], _WEIGHT_SCALE, np.float32), axis)


def _bias(random: np.random.Generator, size: int) -> Weights:
    values = random.integers(-500, 500, size).astype(np.int32)
    return Weights(values, np.full(size, _WEIGHT_SCALE * _STEP, np.float32), 0)


def write() -> bytes:
    """The bytes of a ``.tflite`` file: two convolutions, two dense layers, softmax."""
    random = np.random.default_rng(12)
    file = ModelFile()
    graph = file.graph()
    x = graph.tensor(QuantizedTensor(SHAPE, "int8", _STEP, -3), name="x")
    a = graph.tensor(QuantizedTensor((1, 4, 4, 8), "int8", _STEP, -128))
    b = graph.tensor(QuantizedTensor((1, 4, 4, 8), "int8", _STEP, 5))
    c = graph.tensor(QuantizedTensor((1, 16), "int8", _STEP, 1))
    d = graph.tensor(QuantizedTensor((1, 4), "int8", _STEP, 0))
    y = graph.tensor(QuantizedTensor((1, 4), "int8", 1 / 256, -128), name="y")
    same = {"padding": 0}
    graph.operator(
        "CONV_2D",
        [x, graph.tensor(_weights(random, 8, 3, 3, 1)), graph.tensor(_bias(random, 8))],
        [a],
        "Conv2DOptions",
        strideH=2,
        strideW=2,
        fusedActivationFunction=1,
        **same,
    )
    graph.operator(
        "DEPTHWISE_CONV_2D",
        [a, graph.tensor(_weights(random, 1, 3, 3, 8, axis=3)), graph.tensor(_bias(random, 8))],
        [b],
        "DepthwiseConv2DOptions",
        strideH=1,
        strideW=1,
        depthMultiplier=1,
        **same,
    )
    for before, after, units, depth in ((b, c, 16, 128), (c, d, 4, 16)):
        rows = graph.tensor(_weights(random, units, depth)), graph.tensor(_bias(random, units))
        graph.operator("FULLY_CONNECTED", [before, *rows], [after], "FullyConnectedOptions")
    graph.operator("SOFTMAX", [d], [y], "SoftmaxOptions", beta=1.0)
    graph.ends([x], [y])
    return file.write()
