# SPDX-License-Identifier: Apache-2.0
"""RESIZE_NEAREST_NEIGHBOR: rows and columns are chosen when a model is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


def _nearest(extent: int, wanted: int, align_corners: bool, half_pixel: bool) -> np.ndarray:
    """Which of ``extent`` places each of ``wanted`` ones takes, by LiteRT's float32 arithmetic."""
    corners = align_corners and wanted > 1
    scale = np.float32(extent - corners) / np.float32(wanted - corners)
    places = (np.arange(wanted, dtype=np.float32) + np.float32(0.5 * half_pixel)) * scale
    whole = np.floor(places + np.float32(0.5)) if align_corners else np.floor(places)
    inside: np.ndarray = np.clip(whole, 0, extent - 1)
    return inside.astype(np.int32)


@converter("RESIZE_NEAREST_NEIGHBOR")
def nearest(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    source, size = context.input(0), context.constant(1)
    if size is None or len(source.shape) != 4 or not source.same_quantization(context.outputs[0]):
        return None
    how = context.options.AlignCorners(), context.options.HalfPixelCenters()
    value = context.value(source)
    for axis, wanted in zip((1, 2), size, strict=True):
        places = _nearest(source.shape[axis], int(wanted), *how)
        value = context.emit(relax.op.take(value, relax.const(places), axis=axis, mode="clip"))
    return value
