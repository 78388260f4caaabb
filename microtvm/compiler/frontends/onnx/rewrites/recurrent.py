# SPDX-License-Identifier: Apache-2.0
"""RNN, GRU and LSTM, unrolled: a board's shapes are fixed, so the number of steps is known.

Equations are those of ONNX's operator documents. The products of all steps' inputs are one product;
the kernels of a step are the same for each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites

# Steps that are unrolled, in all directions together: each is about ten calls of kernels, and one
# arena plan holds them all.
MAX_STEPS = 512

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
# Defaults of alpha and beta, by activation, where it has them.
_ALPHA = {"affine": 1.0, "leakyrelu": 0.01, "thresholdedrelu": 1.0, "scaledtanh": 1.0}
_ALPHA |= {"hardsigmoid": 0.2, "elu": 1.0}
_BETA = {"affine": 0.0, "scaledtanh": 1.0, "hardsigmoid": 0.5}
_PLAIN = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softsign": "Softsign"}
_PLAIN |= {"softplus": "Softplus"}

Activation = Callable[[str], str]


@rewrites("RNN", "GRU", "LSTM")
def recurrent(node: Node) -> bool | None:
    """One of the three, in one direction or both."""
    _Unrolled(node).write()
    return None


class _Unrolled:
    def __init__(self, node: Node):
        self._node = node
        self._kind: str = node.node.op_type
        self._dtype = node.dtype(0)
        self._batch_first = bool(node.attribute("layout", 0))
        shape = node.shape(0)
        self._steps, self._batch = (shape[1], shape[0]) if self._batch_first else shape[:2]
        self._hidden = node.shape(2)[-1]
        direction = node.attribute("direction", "forward")
        if direction not in ("forward", "reverse", "bidirectional"):
            raise Refusal(f"the direction {direction} is not known")
        self._reversed = {
            "forward": [False],
            "reverse": [True],
            "bidirectional": [False, True],
        }[direction]
        count = self._steps * len(self._reversed)
        if count > MAX_STEPS:
            raise Refusal(
                f"its {count} steps would each become C of their own (a loop is unrolled), and "
                f"{MAX_STEPS} are the most; shorten the sequence, or export one step and hand "
                "the state in and out"
            )
        self._clip = node.attribute("clip")
        self._activations = self._read_activations()

    def write(self) -> None:
        """Emit it all."""
        node = self._node
        data = node.input(0)
        if self._batch_first:
            data = node.emit("Transpose", data, perm=[1, 0, 2])
        results = [self._direction(index, data) for index in range(len(self._reversed))]
        last_axis = 0 if not self._batch_first else 1
        outputs: list[str | None] = [None, None, None]
        if node.has_output(0):
            steps = [
                self._join([sequence[step] for sequence, _, _ in results], 0)
                for step in range(self._steps)
            ]  # each [directions, batch, hidden]
            whole = self._join(steps, 0)  # [steps, directions, batch, hidden]
            if self._batch_first:
                whole = node.emit("Transpose", whole, perm=[2, 0, 1, 3])
            outputs[0] = whole
        outputs[1] = self._join([hidden for _, hidden, _ in results], last_axis)
        if self._kind == "LSTM":
            outputs[2] = self._join([cell for _, _, cell in results], last_axis)
        node.give(*outputs)

    def _join(self, parts: list[str], axis: int) -> str:
        """Tensors side by side along a new axis."""
        node = self._node
        axes = node.value([axis], "int64")
        wide = [node.emit("Unsqueeze", part, axes) for part in parts]
        return str(wide[0] if len(wide) == 1 else node.emit("Concat", *wide, axis=axis))

    def _direction(self, index: int, data: str) -> tuple[list[str], str, str]:
        """Hidden states by step, the last one, and the last cell state of one direction."""
        node = self._node
        gates, hidden = _GATES[self._kind], self._hidden
        weights = self._weights(1, index)
        recurrence = self._weights(2, index)
        input_bias = hidden_bias = None
        if node.has_input(3):
            halves = node.value([gates * hidden] * 2, "int64")
            input_bias, hidden_bias = node.emit(
                "Split", self._row(3, index), halves, outputs=2, axis=0
            )
            if self._kind != "GRU":
                input_bias, hidden_bias = node.emit("Add", input_bias, hidden_bias), None
        product = node.emit("MatMul", data, weights)
        if input_bias is not None:
            product = node.emit("Add", product, input_bias)
        inputs = [product]
        if self._steps > 1:
            inputs = node.emit(
                "Split",
                product,
                node.value([1] * self._steps, "int64"),
                outputs=self._steps,
                axis=0,
            )
        step = self._cell(index, recurrence, hidden_bias)
        state = self._initial(5, index)
        cell = self._initial(6, index) if self._kind == "LSTM" else state
        sequence = [""] * self._steps
        order = range(self._steps)
        for t in reversed(order) if self._reversed[index] else order:
            given = node.reshape(inputs[t], [self._batch, gates * hidden])
            new_state, new_cell = step(given, state, cell)
            state, cell, sequence[t] = self._masked(t, new_state, new_cell, state, cell)
        return sequence, state, cell

    def _weights(self, which: int, index: int) -> str:
        """One direction's weights, transposed for a product from the left."""
        return str(self._node.emit("Transpose", self._row(which, index), perm=[1, 0]))

    def _row(self, which: int, index: int) -> str:
        """One direction's part of an input."""
        node = self._node
        return str(node.emit("Gather", node.input(which), node.value(index, "int64"), axis=0))

    def _initial(self, which: int, index: int) -> str:
        node = self._node
        if not node.has_input(which):
            return node.value(np.zeros((self._batch, self._hidden), self._dtype))
        axis = 1 if self._batch_first else 0
        return str(node.emit("Gather", node.input(which), node.value(index, "int64"), axis=axis))

    def _masked(
        self, t: int, state: str, cell: str, old_state: str, old_cell: str
    ) -> tuple[str, str, str]:
        """States after a step, and the step's output: unchanged and zero past a sequence's end."""
        node = self._node
        if not node.has_input(4):
            return state, cell, state
        lengths = node.constant(4)
        if lengths is not None and bool(np.all(lengths > t)):
            return state, cell, state
        running = node.emit("Greater", node.input(4), node.value(t, "int32"))
        running = node.reshape(running, [self._batch, 1])
        shown = node.emit("Where", running, state, node.value(0, self._dtype))
        kept = node.emit("Where", running, state, old_state)
        kept_cell = node.emit("Where", running, cell, old_cell) if cell != state else kept
        return kept, kept_cell, shown

    def _cell(self, index: int, recurrence: str, hidden_bias: str | None) -> Any:
        node, hidden = self._node, self._hidden
        count = len(_DEFAULTS[self._kind])
        activations = self._activations[index * count : (index + 1) * count]
        if self._kind == "GRU":
            return self._gru(activations, recurrence, hidden_bias)
        if self._kind == "RNN":

            def rnn(given: str, state: str, cell: str) -> tuple[str, str]:
                total = node.emit("Add", given, node.emit("MatMul", state, recurrence))
                new = activations[0](self._clipped(total))
                return new, new

            return rnn
        f, g, h = activations
        peephole = None
        if node.has_input(7):
            thirds = node.value([hidden] * 3, "int64")
            peephole = node.emit("Split", self._row(7, index), thirds, outputs=3, axis=0)

        def lstm(given: str, state: str, cell: str) -> tuple[str, str]:
            total = node.emit("Add", given, node.emit("MatMul", state, recurrence))
            i, o, forget, c = self._split(total, 4)
            if peephole:
                i = node.emit("Add", i, node.emit("Mul", peephole[0], cell))
                forget = node.emit("Add", forget, node.emit("Mul", peephole[2], cell))
            i = f(self._clipped(i))
            if node.attribute("input_forget", 0):
                forget = node.emit("Sub", node.value(1, self._dtype), i)
            else:
                forget = f(self._clipped(forget))
            c = g(self._clipped(c))
            new_cell = node.emit("Add", node.emit("Mul", forget, cell), node.emit("Mul", i, c))
            if peephole:
                o = node.emit("Add", o, node.emit("Mul", peephole[1], new_cell))
            o = f(self._clipped(o))
            return node.emit("Mul", o, h(new_cell)), new_cell

        return lstm

    def _gru(self, activations: list[Activation], recurrence: str, hidden_bias: str | None) -> Any:
        node, hidden = self._node, self._hidden
        f, g = activations
        if hidden_bias is None:
            hidden_bias = node.value(np.zeros(3 * hidden, self._dtype))
        halves = node.value([2 * hidden, hidden], "int64")
        gate_bias, last_bias = node.emit("Split", hidden_bias, halves, outputs=2, axis=0)
        gates_r, last_r = node.emit("Split", recurrence, halves, outputs=2, axis=1)
        one = node.value(1, self._dtype)

        def gru(given: str, state: str, cell: str) -> tuple[str, str]:
            gates, last = node.emit("Split", given, halves, outputs=2, axis=1)
            total = node.emit("Add", gates, node.emit("MatMul", state, gates_r))
            z, r = self._split(node.emit("Add", total, gate_bias), 2)
            z, r = f(self._clipped(z)), f(self._clipped(r))
            if node.attribute("linear_before_reset", 0):
                inner = node.emit("Add", node.emit("MatMul", state, last_r), last_bias)
                inner = node.emit("Mul", r, inner)
            else:
                inner = node.emit("MatMul", node.emit("Mul", r, state), last_r)
                inner = node.emit("Add", inner, last_bias)
            new = g(self._clipped(node.emit("Add", last, inner)))
            new = node.emit(
                "Add",
                node.emit("Mul", node.emit("Sub", one, z), new),
                node.emit("Mul", z, state),
            )
            return new, new

        return gru

    def _split(self, name: str, count: int) -> list[str]:
        node = self._node
        sizes = node.value([self._hidden] * count, "int64")
        return list(node.emit("Split", name, sizes, outputs=count, axis=1))

    def _clipped(self, name: str) -> str:
        if not self._clip:
            return name
        node = self._node
        limits = [node.value(sign * self._clip, self._dtype) for sign in (-1, 1)]
        return str(node.emit("Clip", name, *limits))

    def _read_activations(self) -> list[Activation]:
        node = self._node
        names = node.attribute("activations") or _DEFAULTS[self._kind] * len(self._reversed)
        alphas = list(node.attribute("activation_alpha") or [])
        betas = list(node.attribute("activation_beta") or [])
        found = []
        for name in names:
            key = name.lower()
            alpha = _ALPHA.get(key, 0.0)
            beta = _BETA.get(key, 0.0)
            if key in _ALPHA and alphas:
                alpha = alphas.pop(0)
            if key in _BETA and betas:
                beta = betas.pop(0)
            found.append(self._activation(key, alpha, beta))
        return found

    def _activation(self, key: str, alpha: float, beta: float) -> Activation:
        node = self._node

        def scalar(value: float) -> str:
            return node.value(value, self._dtype)

        if key in _PLAIN:
            return lambda x: str(node.emit(_PLAIN[key], x))
        if key == "affine":
            return lambda x: str(node.emit("Add", node.emit("Mul", x, scalar(alpha)), scalar(beta)))
        if key == "scaledtanh":
            return lambda x: str(
                node.emit(
                    "Mul",
                    node.emit("Tanh", node.emit("Mul", x, scalar(beta))),
                    scalar(alpha),
                )
            )
        if key == "hardsigmoid":
            return lambda x: str(node.emit("HardSigmoid", x, alpha=alpha, beta=beta))
        if key in ("leakyrelu", "thresholdedrelu", "elu"):
            operator = {"leakyrelu": "LeakyRelu", "thresholdedrelu": "ThresholdedRelu"}
            return lambda x: str(node.emit(operator.get(key, "Elu"), x, alpha=alpha))
        raise Refusal(f"the activation {key} is not known")
