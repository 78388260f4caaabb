# SPDX-License-Identifier: Apache-2.0
"""What the converters of operators that run in integers share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import CompileError
from ...operators import QuantizedTensor
from .context import OperatorContext
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


def require_result(context: OperatorContext, *shape: int) -> None:
    """Compare the shape that an operator's result has with the file's word on it.

    Kernels that run in integers go by the file's shapes; where those contradict each other they
    would read outside of their operands.
    """
    output = context.outputs[0]
    if shape != output.shape:
        raise CompileError(
            f"its result has the shape {shape}, but the file says {output.shape} of {output.name!r}"
        )


def broadcast(*tensors: Tensor) -> tuple[int, ...]:
    """The shape to which operands broadcast."""
    return broadcast_shapes(*(tensor.shape for tensor in tensors))


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which shapes broadcast."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise CompileError(f"its operands' shapes {list(shapes)} do not go together") from None


def extents(
    source: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    same: bool,
) -> tuple[int, ...]:
    """Height and width of what a sliding window gives; ``same`` is the padding SAME."""
    results = []
    for extent, size, stride, step in zip(source, window, strides, dilation, strict=True):
        reach = 1 if same else (size - 1) * step + 1
        results.append(-(-(extent - reach + 1) // stride))
    return tuple(results)


def fused_limits(activation: int, output: QuantizedTensor) -> tuple[int, int] | None:
    """Smallest and largest integer of an output behind a fused activation.

    None where the activation is none of clamping (tanh, sign), which no quantized model has.
    """
    reals = _ACTIVATIONS.get(activation)
    return None if reals is None else limits_between(reals, output)


def limits_between(
    reals: tuple[float | None, float | None], output: QuantizedTensor
) -> tuple[int, int]:
    """Smallest and largest integer between two real numbers; None is the type's own limit."""
    bounds = []
    for real, limit in zip(reals, output.limits, strict=True):
        if real is None:
            bounds.append(limit)
            continue
        steps = np.float32(real) / np.float32(output.scale)
        nearest = int(np.copysign(np.floor(np.abs(steps) + np.float32(0.5)), steps))
        bounds.append(nearest + output.zero_point)
    low, high = output.limits
    return max(bounds[0], low), min(bounds[1], high)
