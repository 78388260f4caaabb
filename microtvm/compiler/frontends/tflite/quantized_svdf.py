# SPDX-License-Identifier: Apache-2.0
"""SVDF of int8, in integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import CompileError
from ...operators.svdf import SvdfMemory, SvdfUnits
from .context import OperatorContext
from .memory import Memory
from .quantized import in_integers, quantized, require_result
from .registry import converter


@converter("SVDF")
def svdf(context: OperatorContext) -> Any:
    """With what it remembers in int16, or in int8 as older models have it.

    Where the output is quantized its limits are the activation: LiteRT applies no other.
    """
    source, output = context.input(0), context.outputs[0]
    feature, time, state = (context.input(i) for i in (1, 2, 4))
    if not in_integers(source, output, dtypes=("int8",)):
        return None
    if not in_integers(state, dtypes=("int16", "int8")) or state.zero_point:
        return None
    if not in_integers(feature, dtypes=("int8",)) or not in_integers(
        time, dtypes=("int16", "int8")
    ):
        return None
    if feature.data is None or time.data is None or feature.zero_point or time.zero_point:
        return None
    bias = context.constant(3)
    if context.has_input(3) and (bias is None or bias.dtype != np.int32):
        return None
    filters, steps = time.shape
    rank, batch = context.options.Rank(), source.shape[0]
    require_result(context, batch, filters // max(rank, 1))
    wanted = (filters, source.shape[-1]), (batch, filters * steps)
    if rank < 1 or filters % rank or (feature.shape, state.shape) != wanted:
        raise CompileError(
            f"weights of {feature.shape} and {time.shape}, a state of {state.shape} and the rank "
            f"{rank} do not go together"
        )
    if bias is None:
        bias = np.zeros(filters // rank, np.int32)
    if bias.size != filters // rank:
        raise CompileError(f"it has {bias.size} biases for {filters // rank} units")
    kept = quantized(state)
    remember = SvdfMemory(kept, quantized(source), feature.data, feature.scale)
    try:
        units = SvdfUnits(kept, quantized(output), time.data, bias, time.scale)
    except ValueError:
        return None
    memory = Memory(context, 4)
    new = context.operators.call(remember, memory.stored(), context.value(source))
    return context.operators.call(units, memory.store(new))
