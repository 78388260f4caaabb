# SPDX-License-Identifier: Apache-2.0
"""Weights and bias of layers that run in integers, and how LiteRT scales their sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import CompileError
from ...operators.requantize import Form
from .context import OperatorContext
from .quantized import in_integers

# For each type of activations the weights' and the biases that LiteRT has with it.
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "int8": ("int8", ("int32",)),
    "uint8": ("uint8", ("int32",)),
    "int16": ("int8", ("int32", "int64")),
}


@dataclass(frozen=True)
class LayerWeights:
    """The constants of a layer.

    Attributes
    ----------
    values : int8 or uint8 array
    zero : int
        Their zero point; 0 unless they are uint8.
    scales : float32 array
        One, or one for each channel of the output.
    bias : int32 or int64 array, or None
    activations : str
        Type of the layer's input and output.
    """

    values: np.ndarray
    zero: int
    scales: np.ndarray
    bias: np.ndarray | None
    activations: str

    def form(self, context: OperatorContext, grouped: bool = False) -> Form:
        """How LiteRT scales the sums of this layer.

        For int16 the bias decides. With 64 bits, and without one, LiteRT has a multiplier of 15
        bits, but for dense layers. With 32 bits its default is ruy, which does not know groups;
        of a transposed convolution's channels it rounds those beyond a multiple of 4 otherwise.
        Depthwise convolutions of uint8 are left by XNNPACK to LiteRT's own kernels.
        """
        rounding: Form = context.operators.rounding
        dense = context.name == "FULLY_CONNECTED"
        if self.activations == "int16" and (self.bias is None or self.bias.dtype == np.int64):
            return "single" if dense else "short"
        if self.activations == "int16" and rounding == "single":
            return "double" if grouped else "upwards"
        if dense:
            return "single"
        if self.activations == "uint8" and context.name == "DEPTHWISE_CONV_2D":
            return "double"
        return rounding


def layer_weights(
    context: OperatorContext, axis: int, source: int = 0, weights: int = 1, bias: int = 2
) -> LayerWeights | None:
    """Weights and bias where both are constants of the types that LiteRT has for a layer.

    Parameters
    ----------
    context : OperatorContext
    axis : int
        Of the weights: that of the output's channels.
    source, weights, bias : int
        Which of the operands are the layer's input, weights and bias.

    Raises
    ------
    CompileError
        If there are not as many biases as channels.
    """
    data, output, given = context.input(source), context.outputs[0], context.input(weights)
    if not in_integers(data, output, dtypes=tuple(_TYPES)):
        return None
    kind, biases = _TYPES[data.dtype]
    if given.data is None or given.dtype != kind or not given.quantized:
        return None
    if given.scales.size > 1 and (given.axis != axis or kind == "uint8"):
        return None
    zero = int(given.zero_points[0])
    if (kind == "int8" and given.zero_points.any()) or not 0 <= zero < 256:
        return None
    values = None
    if context.has_input(bias):
        values = context.constant(bias)
        if values is not None and values.size != given.shape[axis]:
            raise CompileError(f"it has {values.size} biases for {given.shape[axis]} channels")
        if values is None or values.dtype.name not in biases:
            return None
    return LayerWeights(given.data, zero, given.scales, values, data.dtype)
