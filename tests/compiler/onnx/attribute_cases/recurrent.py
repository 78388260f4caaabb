# SPDX-License-Identifier: Apache-2.0
"""RNN, GRU and LSTM."""

from __future__ import annotations

from typing import Any

import numpy as np
from case_models import Case

from .short import c, f, n, w

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _cell(
    name: str, extras: str = "", opset: int = 21, outputs: Any = None, **attributes: Any
) -> Case:
    """RNN, GRU or LSTM; ``extras`` are some of bias, lengths, state, peepholes."""
    hidden, gates = 3, _GATES[name]
    d = 2 if attributes.get("direction") == "bidirectional" else 1
    state = f(d, 2, hidden) if "state" in extras else None
    inputs = [
        f(4, 2, 2),
        w(d, gates * hidden, 2) * np.float32(0.5),
        w(d, gates * hidden, hidden) * np.float32(0.5),
        w(d, 2 * gates * hidden) if "bias" in extras else None,
        c([4, 2], "int32") if "lengths" in extras else None,
        state,
    ]
    if name == "LSTM":
        inputs += [state, w(d, 3 * hidden) if "peepholes" in extras else None]
    while inputs[-1] is None:
        inputs.pop()
    asked = outputs or (True, True, True)[: 3 if name == "LSTM" else 2]
    return n(name, *inputs, hidden_size=hidden, opset=opset, outputs=asked, **attributes)


def cases() -> list[Case]:
    """Of this group."""
    found = []
    for name in _GATES:
        own = {"RNN": 1, "GRU": 2, "LSTM": 3}[name]  # activations that it has
        first = ["LeakyRelu", "Tanh", "Affine"][:own]
        second = ["HardSigmoid", "ScaledTanh", "Tanh"][:own]
        third = ["Softsign", "HardSigmoid", "Relu"][:own]
        alphas, betas = [0.25, 0.7][:own], [0.4, 0.6][:own]
        found += [
            _cell(name, "bias state", clip=0.3, outputs=(True,)),
            _cell(name, "bias lengths state", direction="reverse"),
            _cell(name, "bias lengths state", direction="bidirectional", opset=13),
            _cell(name, "bias", activations=third),
            _cell(name, "bias", direction="bidirectional", activations=first + third)
            if name != "LSTM"
            else _cell(name, activations=first, activation_alpha=[0.2, 0.7], activation_beta=[0.1]),
            _cell(name, "bias", activations=second, activation_alpha=alphas, activation_beta=betas),
        ]
    return [
        *found,
        _cell("GRU", "bias state", linear_before_reset=1),
        _cell("GRU", "bias", direction="bidirectional", linear_before_reset=1, clip=0.5),
        _cell("LSTM", "bias state peepholes", outputs=(True, False, True)),
        _cell("LSTM", "bias", input_forget=1),
        _cell("LSTM", "lengths peepholes", direction="bidirectional"),
    ]
