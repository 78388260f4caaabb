# SPDX-License-Identifier: Apache-2.0
"""Layers at random, of every kind that kernels in C have forms for."""

from __future__ import annotations

import numpy as np

from microtvm.compiler.operators import Operator, QuantizedTensor
from microtvm.compiler.operators.conv2d import Conv2D, Window
from microtvm.compiler.operators.dense import Dense
from microtvm.compiler.operators.depthwise import Depthwise
from microtvm.compiler.operators.elementwise import Add
from microtvm.compiler.operators.requantize import Rounding


def random_layer(random: np.random.Generator, index: int, rounding: Rounding) -> Operator:
    """A convolution (with an addition now and then), a depthwise one or a dense layer.

    Of three layers one has scales of both signs, and one has limits of its own, and weights that
    reach -128, so that two do not fit into a halfword.
    """
    zero, out_zero = (int(z) for z in random.choice([-128, 127, 0, 5], 2))
    weights_low = -128 if index % 3 == 1 else -127
    scale = [0.002, 0.004, 1.5][index % 3]
    limits = (-100, 90) if index % 3 == 1 else None
    channels = int(random.choice([1, 3, 4, 8, 16, 20, 33]))
    units = int(random.choice([1, 3, 4, 6, 8, 13]))
    kind = index % 4
    if kind == 3:
        source = QuantizedTensor((2, channels * 5), "int8", 0.06, zero)
        output = QuantizedTensor((2, units), "int8", 0.12, out_zero)
        shape: tuple[int, ...] = (units, channels * 5)
    else:
        kernel = (int(random.integers(1, 5)), int(random.integers(1, 4)))
        strides = (int(random.integers(1, 3)), int(random.integers(1, 3)))
        height, width = (int(n) for n in random.integers(4, 8, 2))
        source = QuantizedTensor((1, height, width, channels), "int8", 0.06, zero)
        units = channels * (1 + index // 4 % 2) if kind == 1 else units
        size = (-(-height // strides[0]), -(-width // strides[1]))
        output = QuantizedTensor((1, *size, units), "int8", 0.12, out_zero)
        shape = (*kernel, units) if kind == 1 else (units, *kernel, channels)
        window = Window(strides, (1, 1), (kernel[0] // 2, kernel[1] // 2))
    weights = random.integers(weights_low, 128, shape).astype(np.int8)
    weights.flat[0] = weights_low
    scales = random.uniform(0.3, 1.5, units) * scale
    bias = random.integers(-30000, 30000, units).astype(np.int32)
    if index % 3 == 2:  # so that not all outputs saturate
        weights, bias = (weights // 64).astype(np.int8), bias // 1000
    if index % 7 == 6:  # more than the 24 bits that the upper one of two sums has
        bias, scales = bias * 400, scales / 400
    if kind == 3:
        return Dense(source, output, weights, bias, scales, limits, rounding)
    if kind == 1:
        return Depthwise(source, output, weights, bias, scales, window, limits, rounding)
    layer = Conv2D(source, output, weights, bias, scales, window, limits, rounding)
    skip = QuantizedTensor(output.shape, "int8", 0.2, 3)
    added = layer.followed_by(Add(output, skip, QuantizedTensor(output.shape, "int8", 0.2, -7)), 0)
    return added if kind == 2 and added is not None else layer
