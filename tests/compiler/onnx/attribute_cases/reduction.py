# SPDX-License-Identifier: Apache-2.0
"""Reductions: axes as an attribute and as an input, and none."""

from __future__ import annotations

from case_models import Case

from .short import P, c, f, n

_REDUCTIONS = [
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
]


def cases() -> list[Case]:
    """Of this group."""
    found = []
    for name in _REDUCTIONS:
        x = f(2, 3, 4, **P) if "Log" in name or "Prod" in name else f(2, 3, 4)
        if name != "ReduceSum":
            found += [
                n(name, x, opset=13, axes=[1, -1], keepdims=0),
                n(name, x, opset=13),
                n(name, x, opset=13, keepdims=0),
            ]
        for opset in (21,):
            found += [
                n(name, x, c([0, -1]), opset=opset, keepdims=0),
                n(name, x, c([1]), opset=opset, keepdims=1, noop_with_empty_axes=1),
                n(name, x, opset=opset, noop_with_empty_axes=1),
                n(name, x, c([]), opset=opset, noop_with_empty_axes=1),
                n(name, x, c([]), opset=opset, noop_with_empty_axes=0),
                n(name, x, opset=opset, keepdims=0),
            ]
    return found
