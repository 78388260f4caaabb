# SPDX-License-Identifier: Apache-2.0
"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, between which dilated convolutions stand."""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("SPACE_TO_BATCH_ND")
def space_to_batch(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, blocks, padding = context.input(0), context.constant(1), context.constant(2)
    if blocks is None or padding is None or not source.same_quantization(context.outputs[0]):
        return None
    spatial = len(blocks)
    rest = source.shape[1 + spatial :]
    widths = [0, 0, *(int(width) for width in padding.reshape(-1)), *([0, 0] * len(rest))]
    fill = float(source.zero_point) if source.quantized else 0.0
    value = context.value(source)
    if any(widths):
        value = context.emit(relax.op.nn.pad(value, widths, pad_value=fill))
    outer = [
        (int(e) // int(b), int(b)) for e, b in zip(list(value.ty.shape)[1:], blocks, strict=False)
    ]
    split = [source.shape[0], *(extent for pair in outer for extent in pair), *rest]
    value = context.emit(relax.op.reshape(value, split))
    order = [
        *range(2, 2 * spatial + 1, 2),
        0,
        *range(1, 2 * spatial, 2),
        *range(2 * spatial + 1, len(split)),
    ]
    value = context.emit(relax.op.permute_dims(value, order))
    batch = source.shape[0]
    for block in blocks:
        batch *= int(block)
    return relax.op.reshape(value, [batch, *(pair[0] for pair in outer), *rest])


@converter("BATCH_TO_SPACE_ND")
def batch_to_space(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, blocks, crops = context.input(0), context.constant(1), context.constant(2)
    if blocks is None or crops is None or not source.same_quantization(context.outputs[0]):
        return None
    spatial = len(blocks)
    batch = source.shape[0]
    for block in blocks:
        batch //= int(block)
    sizes, rest = source.shape[1 : 1 + spatial], source.shape[1 + spatial :]
    split = [*(int(block) for block in blocks), batch, *sizes, *rest]
    value = context.emit(relax.op.reshape(context.value(source), split))
    order = [spatial]
    for i in range(spatial):
        order += [spatial + 1 + i, i]
    order += range(2 * spatial + 1, len(split))
    value = context.emit(relax.op.permute_dims(value, order))
    joined = [size * int(block) for size, block in zip(sizes, blocks, strict=True)]
    value = context.emit(relax.op.reshape(value, [batch, *joined, *rest]))
    return relax.op.strided_slice(
        value,
        axes=list(range(1, 1 + spatial)),
        begin=[int(crop[0]) for crop in crops],
        end=[size - int(crop[1]) for size, crop in zip(joined, crops, strict=True)],
    )
