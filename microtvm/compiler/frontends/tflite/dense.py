# SPDX-License-Identifier: Apache-2.0
"""Dense layers and products of matrices in float, whatever the shape of their operands.

LiteRT takes a layer's input as a matrix of as many columns as the weights have; TVM's importer
multiplies it as it is shaped, and takes no batches that broadcast.
"""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .activation import activated
from .context import OperatorContext
from .quantization import real, stored
from .registry import converter


@converter("FULLY_CONNECTED")
def fully_connected(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    options = context.options
    weights = context.input(1)
    if options is None or options.WeightsFormat() != 0 or len(weights.shape) != 2:
        return None
    matrix = relax.op.reshape(real(context, 0), (-1, weights.shape[1]))
    result = relax.op.matmul(context.emit(matrix), relax.op.permute_dims(real(context, 1), [1, 0]))
    if context.has_input(2):
        result = relax.op.add(context.emit(result), real(context, 2))
    result = activated(context, result, options.FusedActivationFunction())
    if result is None:
        return None
    return stored(context, relax.op.reshape(context.emit(result), context.outputs[0].shape))


@converter("BATCH_MATMUL")
def batch_matmul(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    operands = []
    for index, turned in enumerate((context.options.AdjX(), context.options.AdjY())):
        value, rank = real(context, index), len(context.input(index).shape)
        if turned:
            order = [*range(rank - 2), rank - 1, rank - 2]
            value = context.emit(relax.op.permute_dims(value, order))
        operands.append(value)
    return stored(context, relax.op.matmul(*operands))
