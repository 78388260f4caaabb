# SPDX-License-Identifier: Apache-2.0
"""LSTM over a sequence, with int8 weights and activations, and cell states of int16.

The integers are those of LiteRT, in its default kernels as in its reference kernels: gates are sums
in steps of 2^-12, of the input's part and the hidden state's, each rounded and saturated by itself;
logistic function and tanh in fixed point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .fixed_point import logistic, saturate, shifted, tanh
from .operator import Constant, Operator
from .requantize import quantize_multiplier, requantize
from .tensor import QuantizedTensor

GATE_SCALE = 2.0**-12


@dataclass(frozen=True)
class GateWeights:
    """What a gate sums: int8 weights of (cells, columns), where sums begin, and their scale.

    Attributes
    ----------
    values : int8 array, (cells, columns)
    bias : integer array, (cells,)
        The zero point of what is multiplied taken off.
    scale : float
        Of a sum.
    """

    values: np.ndarray
    bias: np.ndarray
    scale: float

    def __post_init__(self) -> None:
        sums = 128 * np.abs(self.values.astype(np.int64)).sum(1) + np.abs(self.bias)
        if int(sums.max()) << max(self.factor[1], 0) >= 2**31:
            raise ValueError("the sum of an LSTM's gate may need more than 32 bits")

    @property
    def factor(self) -> tuple[int, int]:
        """Multiplier and shift from a sum to a gate."""
        return quantize_multiplier(float(np.float32(self.scale) / np.float32(GATE_SCALE)))

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """The sums in steps of a gate."""
        sums = values.astype(np.int64) @ self.values.T.astype(np.int64) + self.bias
        return requantize(sums, *self.factor, rounding="double")


class Lstm(Operator):
    """All steps of an LSTM without peepholes, projection and normalization.

    The output is what three `Part`s take apart: the cells' states after the last step as bytes of
    int16, the hidden state after it, and the results of all steps.

    Parameters
    ----------
    sequence : QuantizedTensor
        Of int8, (batch, steps, width), or (steps, batch, width) where ``time_major``.
    hidden, cell : QuantizedTensor
        The states before the first step: int8 and int16, (batch, cells). The cell's scale is a
        power of two from 2^-15 to 2^-9.
    inputs, recurrent : sequence of GateWeights
        Of the input, forget, cell and output gate; without the first one, what the forget gate does
        not keep is let in.
    hidden_scale : tuple of float and int
        Scale and zero point of the results.
    clip : int
        Limit of the cells' states; 0 is none.
    time_major : bool

    Raises
    ------
    ValueError
        If the cells' scale is another one.
    """

    name = "lstm"

    def __init__(
        self,
        sequence: QuantizedTensor,
        hidden: QuantizedTensor,
        cell: QuantizedTensor,
        inputs: Sequence[GateWeights],
        recurrent: Sequence[GateWeights],
        hidden_scale: tuple[float, int],
        clip: int,
        time_major: bool,
    ):
        self.inputs = (sequence, hidden, cell)
        self._time_major = time_major
        self._batch, self._cells = hidden.shape
        self._steps, self._width = (
            sequence.size // self._batch // sequence.shape[-1],
            sequence.shape[-1],
        )
        self._gates = list(zip(inputs, recurrent, strict=True))
        self._bits = round(-np.log2(cell.scale))
        if cell.scale != 2.0**-self._bits or not 9 <= self._bits <= 15:
            raise ValueError(f"an LSTM's cells with the scale {cell.scale}")
        self._shown = quantize_multiplier(float(np.float32(2.0**-30 / hidden_scale[0])))
        self._zero = hidden_scale[1]
        self._clip = clip
        nbytes = cell.nbytes + hidden.nbytes + self._batch * self._steps * self._cells
        self.output = QuantizedTensor((nbytes,), "int8")

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        sequence, hidden = arrays[0].reshape(self._extents(self._width)), arrays[1]
        cell, results = arrays[2].astype(np.int64), []
        for step in range(self._steps):
            now = sequence[step] if self._time_major else sequence[:, step]
            sums = [saturate(saturate(x.scaled(now)) + h.scaled(hidden)) for x, h in self._gates]
            forget, candidate, shown = logistic(sums[-3]), tanh(sums[-2]), logistic(sums[-1])
            let_in = logistic(sums[0]) if len(sums) == 4 else 32767 - forget
            cell = saturate(
                shifted(forget * cell, 15) + shifted(let_in * candidate, 30 - self._bits)
            )
            if self._clip:
                cell = np.clip(cell, -self._clip, self._clip)
            shown = requantize(shown * tanh(cell, self._bits), *self._shown, rounding="double")
            hidden = np.clip(shown + self._zero, -128, 127).astype(np.int8)
            results.append(hidden)
        sequence = np.stack(results, 0 if self._time_major else 1)
        parts = cell.astype(np.int16).view(np.int8), hidden, sequence
        return np.concatenate([part.ravel() for part in parts])

    def _extents(self, last: int) -> tuple[int, int, int]:
        outer = (self._steps, self._batch) if self._time_major else (self._batch, self._steps)
        return (*outer, last)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_lstm.h",)

    @property
    def constants(self) -> tuple[Constant, ...]:
        inputs, recurrent = zip(*self._gates, strict=True)
        return tuple(
            Constant(f"{name}_{part}", np.stack([getattr(gate, field) for gate in gates]).astype(c))
            for name, gates in (("input", inputs), ("recurrent", recurrent))
            for part, field, c in (("weights", "values", np.int8), ("bias", "bias", np.int32))
        )

    @property
    def scratch_bytes(self) -> int:
        return 2 * (len(self._gates) + 1) * self._cells

    @property
    def macs(self) -> int:
        return (
            self._batch * self._steps * len(self._gates) * self._cells * (self._width + self._cells)
        )

    def body(self, kernel: str) -> str:
        def scales(which: int) -> str:
            return ", ".join(
                f"{{{m}, {s}}}" for m, s in (pair[which].factor for pair in self._gates)
            )

        batch, cells, width = self._batch, self._cells, self._width
        apart = batch if self._time_major else 1
        begin = 1 if self._time_major else self._steps
        steps = (
            f"{self._steps}, {width}, {cells}, {len(self._gates)}, {apart * width}, {apart * cells}"
        )
        states, arrays = 2 * batch * cells, ("input", "recurrent")
        return f"""\
    static const mt_lstm_layer layer = {{
        {steps}, {self._bits}, {self._clip},
        {{{scales(0)}}}, {{{scales(1)}}}, {{{self._shown[0]}, {self._shown[1]}}}, {self._zero},
    }};
    memcpy(out, x2, {states});
    memcpy(out + {states}, x1, {batch * cells});
    for (int32_t n = 0; n < {batch}; ++n) {{
        mt_lstm(&layer, {", ".join(f"{kernel}_{a}_weights" for a in arrays)},
            {", ".join(f"{kernel}_{a}_bias" for a in arrays)}, x0 + n * {begin * width},
            out + {states} + n * {cells}, out + n * {2 * cells},
            out + {states + batch * cells} + n * {begin * cells}, scratch);
    }}"""


class Part(Operator):
    """A tensor out of the bytes that `Lstm` gives.

    Parameters
    ----------
    bytes : QuantizedTensor
        Of int8.
    output : QuantizedTensor
    start : int
        The first byte.
    """

    name = "lstm_part"

    def __init__(self, bytes: QuantizedTensor, output: QuantizedTensor, start: int):
        self.inputs = (bytes,)
        self.output = output
        self._start = start

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        chosen = arrays[0][self._start : self._start + self.output.nbytes].tobytes()
        return np.frombuffer(chosen, self.output.dtype).reshape(self.output.shape)

    @property
    def headers(self) -> tuple[str, ...]:
        return ("microtvm_lstm.h",)

    def body(self, kernel: str) -> str:
        return f"    memcpy(out, x0 + {self._start}, {self.output.nbytes});"
