# SPDX-License-Identifier: Apache-2.0
"""A tensor with a part of it replaced, at a place that is known at run time only."""

from __future__ import annotations

import numpy as np

from .loops import index, nest, row_major
from .operator import Operator
from .tensor import QuantizedTensor


class UpdateSlice(Operator):
    """The first input with the second one written over it, from the third's position on.

    Parameters
    ----------
    operand, update : QuantizedTensor
        Of one type, quantized alike; the update is nowhere larger.
    start : QuantizedTensor
        Of int32 or int64, one number for each axis. As LiteRT does, one that would put the update
        partly outside is moved to the nearest that does not.
    """

    name = "update_slice"

    def __init__(self, operand: QuantizedTensor, update: QuantizedTensor, start: QuantizedTensor):
        self.inputs = (operand, update, start)
        self.output = operand
        room = [a - b for a, b in zip(operand.shape, update.shape, strict=True)]
        if start.shape != (len(room),) or any(extent < 0 for extent in room):
            raise ValueError(
                f"{update.shape} at {start.shape} numbers fits not into {operand.shape}"
            )
        self._room = room

    @property
    def overwritable(self) -> tuple[int, ...]:
        return (0,)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        result: np.ndarray = arrays[0].copy()
        update = arrays[1]
        start = np.clip(arrays[2], 0, self._room)
        place = tuple(slice(s, s + e) for s, e in zip(start, update.shape, strict=True))
        result[place] = update
        return result

    def body(self, kernel: str) -> str:
        update = self.inputs[1]
        steps = row_major(self.output.shape)
        lines = [f"    for (int32_t i = 0; i < {self.output.size}; ++i) {{"]
        lines += ["        out[i] = x0[i];", "    }", "    int32_t first = 0;"]
        for axis, (room, step) in enumerate(zip(self._room, steps, strict=True)):
            start = f"x2[{axis}]"
            clamped = f"{start} < 0 ? 0 : {start} > {room} ? {room} : (int32_t){start}"
            lines.append(f"    first += ({clamped}) * {step};")
        inner = index(row_major(update.shape)), index(steps)
        lines.append(nest(update.shape, [f"out[first + {inner[1]}] = x1[{inner[0]}];"]))
        return "\n".join(lines)
