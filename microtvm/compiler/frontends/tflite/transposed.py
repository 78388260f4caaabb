# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions in float.

TVM has a kernel for them that has the channels in front, so they are brought there and back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from .activation import activated
from .context import OperatorContext
from .quantization import real, stored
from .registry import converter

_SAME = 0  # Padding of schema.fbs


@converter("TRANSPOSE_CONV")
def transposed_conv2d(context: OperatorContext) -> Any:
    """Its operands are output shape, weights (output channels first), input and bias."""
    relax: Any = load("tvm.relax", "compile models")
    weights, source, options = context.input(1), context.input(2), context.options
    shape = context.constant(0)
    if shape is None or weights.data is None or weights.shape[3] != source.shape[3]:
        return None
    strides = options.StrideH(), options.StrideW()
    before, after, missing = [0, 0], [0, 0], [0, 0]
    for axis in (0, 1):
        extent, size = int(shape[1 + axis]), weights.shape[1 + axis]
        if options.Padding() == _SAME:
            covered = (-(-extent // strides[axis]) - 1) * strides[axis] + size
            before[axis] = max(covered - extent, 0) // 2
        full = (source.shape[1 + axis] - 1) * strides[axis] + size
        after[axis] = max(full - before[axis] - extent, 0)
        missing[axis] = max(extent + before[axis] - full, 0)
    if any(more >= stride for more, stride in zip(missing, strides, strict=True)):
        return None
    numbers = weights.dequantized() if weights.quantized else weights.data
    kernel = np.ascontiguousarray(numbers.transpose(3, 0, 1, 2))
    emit = context.emit
    value = emit(relax.op.permute_dims(real(context, 2), [0, 3, 1, 2]))
    value = emit(
        relax.op.nn.conv2d_transpose(
            value,
            relax.const(kernel, "float32"),
            strides=strides,
            padding=(*before, *after),
            output_padding=tuple(missing),
            data_layout="NCHW",
            kernel_layout="IOHW",
        )
    )
    value = emit(relax.op.permute_dims(value, [0, 2, 3, 1]))
    if context.has_input(3):
        value = relax.op.add(value, real(context, 3))
    result = activated(context, value, options.FusedActivationFunction())
    return None if result is None else stored(context, result)
