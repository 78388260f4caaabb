# SPDX-License-Identifier: Apache-2.0
"""Layers with memory: SVDF, and the LSTM over a sequence, unrolled.

Both keep variable tensors from run to run, as LiteRT does. What no operator of integers computes
(``quantized_svdf.py``, ``quantized_lstm.py``) is computed in float; what the file has as integers
between the steps (states, results) is rounded to them.
"""

from __future__ import annotations

from typing import Any

from ...dependencies import load
from ...errors import CompileError
from .activation import activated
from .context import OperatorContext
from .memory import Memory
from .quantization import real, stored
from .quantized_lstm import BIASES, CELL, HIDDEN, INPUT_WEIGHTS, RECURRENT_WEIGHTS
from .registry import converter


@converter("SVDF")
def svdf(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    rank = context.options.Rank()
    filters, steps = context.input(2).shape
    batch = context.input(0).shape[0]
    memory = Memory(context, 4)
    emit = context.emit
    feature = emit(
        relax.op.matmul(real(context, 0), emit(relax.op.permute_dims(real(context, 1), [1, 0])))
    )
    past = emit(relax.op.reshape(memory.read(), (batch, filters, steps)))
    newest = emit(relax.op.reshape(feature, (batch, filters, 1)))
    if steps > 1:
        kept = emit(relax.op.strided_slice(past, axes=[2], begin=[1], end=[steps]))
        newest = emit(relax.op.concat([kept, newest], axis=2))
    rounded = memory.write(emit(relax.op.reshape(newest, (batch, filters * steps))))
    window = emit(relax.op.reshape(rounded, (batch, filters, steps)))
    weights = emit(relax.op.reshape(real(context, 2), (1, filters, steps)))
    filtered = emit(relax.op.sum(emit(relax.op.multiply(window, weights)), axis=2))
    units = emit(relax.op.reshape(filtered, (batch, filters // rank, rank)))
    result = emit(relax.op.sum(units, axis=2))
    if context.has_input(3):
        result = emit(relax.op.add(result, real(context, 3)))
    # Where the output is quantized its limits are the activation: LiteRT applies no other.
    if not context.outputs[0].quantized:
        result = activated(context, result, context.options.FusedActivationFunction())
    return None if result is None else stored(context, result)


# Inputs of UNIDIRECTIONAL_SEQUENCE_LSTM that are not known here.
_UNKNOWN = {
    9: "peephole connections",
    10: "peephole connections",
    11: "peephole connections",
    16: "a projection",
    17: "a projection",
    20: "layer normalization",
    21: "layer normalization",
    22: "layer normalization",
    23: "layer normalization",
}


@converter("UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    emit = context.emit
    for index, what in _UNKNOWN.items():
        if context.has_input(index):
            raise CompileError(f"it has {what}, which are not supported here")
    options = context.options
    if options.FusedActivationFunction() != 4:
        raise CompileError("its activation is not tanh")
    if not all(context.has_input(i) for i in INPUT_WEIGHTS):
        raise CompileError("its input and forget gates are coupled, which is not supported")
    sequence = real(context, 0)
    if not options.TimeMajor():
        sequence = emit(relax.op.permute_dims(sequence, [1, 0, 2]))
    steps, batch, width = (int(extent) for extent in sequence.ty.shape)
    cells = context.input(RECURRENT_WEIGHTS[0]).shape[0]

    def side_by_side(indices: tuple[int, ...]) -> Any:
        """Four gates' weights as one matrix, each gate's in columns of its own."""
        weights = emit(relax.op.concat([real(context, i) for i in indices], axis=0))
        return emit(relax.op.permute_dims(weights, [1, 0]))

    rows = emit(relax.op.reshape(sequence, (steps * batch, width)))
    driven = emit(relax.op.matmul(rows, side_by_side(INPUT_WEIGHTS)))
    biases = emit(relax.op.concat([real(context, i) for i in BIASES], axis=0))
    driven = emit(relax.op.add(driven, biases))
    driven = emit(relax.op.reshape(driven, (steps, batch, 4 * cells)))
    recurrent = side_by_side(RECURRENT_WEIGHTS)
    hidden_state, cell_state = Memory(context, HIDDEN), Memory(context, CELL)
    hidden, cell = hidden_state.read(), cell_state.read()
    parts = emit(relax.op.split(driven, steps, axis=0)) if steps > 1 else None
    results = []
    for step in range(steps):
        now = driven if parts is None else emit(parts[step])
        now = emit(relax.op.reshape(now, (batch, 4 * cells)))
        sums = emit(relax.op.add(now, emit(relax.op.matmul(hidden, recurrent))))
        gates = emit(relax.op.split(sums, 4, axis=1))
        let_in, forget, let_out = (emit(relax.op.sigmoid(emit(gates[i]))) for i in (0, 1, 3))
        candidate = emit(relax.op.tanh(emit(gates[2])))
        cell = emit(
            relax.op.add(
                emit(relax.op.multiply(forget, cell)), emit(relax.op.multiply(let_in, candidate))
            )
        )
        if options.CellClip() > 0:
            clip = float(options.CellClip())
            cell = emit(relax.op.clip(cell, -clip, clip))
        cell = cell_state.write(cell)
        hidden = emit(relax.op.multiply(let_out, emit(relax.op.tanh(cell))))
        hidden = hidden_state.write(hidden)
        results.append(emit(relax.op.reshape(hidden, (1, batch, cells))))
    result = emit(relax.op.concat(results, axis=0)) if steps > 1 else results[0]
    if not options.TimeMajor():
        result = emit(relax.op.permute_dims(result, [1, 0, 2]))
    return stored(context, result)
