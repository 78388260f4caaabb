# SPDX-License-Identifier: Apache-2.0
"""What the converters of operators that run in integers share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...operators import QuantizedTensor
from .tensor import Tensor

# ActivationFunctionType of schema.fbs: the real numbers between which an output is held.
_ACTIVATIONS: dict[int, tuple[float | None, float | None]] = {
    0: (None, None),
    1: (0.0, None),
    2: (-1.0, 1.0),
    3: (0.0, 6.0),
}


def quantized(tensor: Tensor) -> QuantizedTensor:
    """The type of an activation: a quantized tensor, or one of float32."""
    if tensor.dtype == "float32":
        return QuantizedTensor(tensor.shape, "float32")
    return QuantizedTensor(tensor.shape, tensor.dtype, tensor.scale, tensor.zero_point)


def in_integers(*tensors: Tensor | None, dtypes: Sequence[str] = ("int8", "uint8")) -> bool:
    """Whether tensors are activations quantized as a whole, all in one of these types."""
    kinds = {
        tensor.dtype if tensor is not None and tensor.scales.size == 1 else None
        for tensor in tensors
    }
    return len(kinds) == 1 and bool(kinds & set(dtypes))


def fused_limits(activation: int, output: QuantizedTensor) -> tuple[int, int] | None:
    """Smallest and largest integer of an output behind a fused activation.

    None where the activation is none of clamping (tanh, sign), which no quantized model has.
    """
    if activation not in _ACTIVATIONS:
        return None
    bounds = []
    for real, limit in zip(_ACTIVATIONS[activation], output.limits, strict=True):
        if real is None:
            bounds.append(limit)
            continue
        steps = np.float32(real) / np.float32(output.scale)
        nearest = int(np.copysign(np.floor(np.abs(steps) + np.float32(0.5)), steps))
        bounds.append(nearest + output.zero_point)
    low, high = output.limits
    return max(bounds[0], low), min(bounds[1], high)
