# SPDX-License-Identifier: Apache-2.0
"""LSTM over a sequence of int8, in integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...operators.lstm import GateWeights, Lstm, Part
from .context import OperatorContext
from .memory import Memory
from .quantized import in_integers, quantized, require_result
from .registry import converter
from .tensor import Tensor

# Inputs by their place: four gates each, of which the input gate's may be left out.
INPUT_WEIGHTS, RECURRENT_WEIGHTS, BIASES = (1, 2, 3, 4), (5, 6, 7, 8), (12, 13, 14, 15)
HIDDEN, CELL = 18, 19
_TANH = 4  # ActivationFunctionType of schema.fbs
_HIDDEN_INTERMEDIATE = 4


@converter("UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(context: OperatorContext) -> Any:
    """With cell states of int16; without peepholes, projection and normalization."""
    source, output = context.input(0), context.outputs[0]
    hidden, cell = context.input(HIDDEN), context.input(CELL)
    if not in_integers(source, output, hidden, dtypes=("int8",)):
        return None
    if not in_integers(cell, dtypes=("int16",)) or cell.zero_point:
        return None
    known = {0, *INPUT_WEIGHTS, *RECURRENT_WEIGHTS, *BIASES, HIDDEN, CELL}
    options = context.options
    if any(context.has_input(i) for i in range(24) if i not in known):
        return None
    shown = context.intermediates[_HIDDEN_INTERMEDIATE:]
    if options.FusedActivationFunction() != _TANH or not shown or shown[0].scales.size != 1:
        return None
    require_result(context, *source.shape[:-1], hidden.shape[-1])
    first = 0 if context.has_input(INPUT_WEIGHTS[0]) else 1
    try:
        driven, recurrent = (
            [
                _gate(context, weights, bias, factor)
                for weights, bias in zip(places[first:], biases[first:], strict=True)
            ]
            for places, biases, factor in (
                (INPUT_WEIGHTS, BIASES, source),
                (RECURRENT_WEIGHTS, (-1,) * 4, hidden),
            )
        )
        clip = min(int(np.float32(options.CellClip()) / np.float32(cell.scale)), 32767)
        operator = Lstm(
            quantized(source),
            quantized(hidden),
            quantized(cell),
            driven,
            recurrent,
            (shown[0].scale, shown[0].zero_point),
            max(clip, 0),
            bool(options.TimeMajor()) and len(source.shape) == 3,
        )
    except ValueError:
        return None
    hidden_state, cell_state = Memory(context, HIDDEN), Memory(context, CELL)
    states = hidden_state.stored(), cell_state.stored()
    all_bytes = context.emit(context.operators.call(operator, context.value(source), *states))
    start = 0
    parts = []
    for tensor in (cell, hidden, output):
        part = Part(operator.output, quantized(tensor), start)
        parts.append(context.emit(context.operators.call(part, all_bytes)))
        start += part.output.nbytes
    cell_state.store(parts[0])
    hidden_state.store(parts[1])
    return parts[2]


def _gate(context: OperatorContext, weights: int, bias: int, factor: Tensor) -> GateWeights:
    """A gate's weights for the input or the hidden state.

    Raises
    ------
    ValueError
        If they are of another form than LiteRT's kernel of integers takes.
    """
    tensor = context.input(weights)
    start = context.constant(bias) if bias >= 0 else None
    shape = context.input(CELL).shape[-1], factor.shape[-1]
    if not in_integers(tensor, dtypes=("int8",)) or tensor.data is None or tensor.zero_point:
        raise ValueError("weights that are not symmetric int8")
    if start is None:
        start = np.zeros(shape[0], np.int32)
    if tensor.shape != shape or start.dtype != np.int32 or start.shape != shape[:1]:
        raise ValueError("weights or biases of another shape")
    sums = tensor.data.astype(np.int64).sum(1)
    scale = float(np.float32(tensor.scale) * np.float32(factor.scale))
    return GateWeights(tensor.data, start - factor.zero_point * sums, scale)
