# SPDX-License-Identifier: Apache-2.0
"""If, Loop and Scan: the branches or rounds are written out, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites

# Operators that the rounds of one loop may come to.
_MAX_OPERATORS = 4096


@rewrites("If")
def if_(node: Node) -> bool | None:
    """The branch that is taken; where that is not known, both, and a choice between the results."""
    condition = node.constant(0)
    branches = node.attribute("then_branch"), node.attribute("else_branch")
    if condition is not None:
        node.give(*node.inline(branches[0 if condition.all() else 1], []))
        return None
    results = [node.inline(branch, []) for branch in branches]
    scalar = node.reshape(node.input(0), [])
    for index, (name, other) in enumerate(zip(*results, strict=True)):
        if node.has_output(index):
            node.output_shape(index)  # one shape, whichever branch is taken
            node.emit("Where", scalar, name, other, outputs=[node.node.output[index]])
    return None


@rewrites("Loop")
def loop(node: Node) -> bool | None:
    """Rounds whose number is a constant, and which nothing ends before."""
    body = node.attribute("body")
    if not node.has_input(0):
        raise Refusal("its number of rounds is known only at run time")
    rounds = int(node.required_constant(0, "number of rounds").reshape(()))
    if node.has_input(1) and not node.required_constant(1, "condition at the start").all():
        rounds = 0
    if not _goes_on(node, body):
        raise Refusal("its condition is computed in the loop; only a number of rounds is known")
    _bounded(body, rounds)
    state = [node.input(index) for index in range(2, len(node.node.input))]
    stacked: list[list[str]] = [[] for _ in range(len(body.output) - 1 - len(state))]
    for turn in range(rounds):
        given = [node.value(turn, "int64"), node.value(True, "bool"), *state]
        _, *results = node.inline(body, given)
        state, rows = results[: len(state)], results[len(state) :]
        for rows_of_one, row in zip(stacked, rows, strict=True):
            rows_of_one.append(node.emit("Unsqueeze", row, node.value([0], "int64")))
    if stacked and not rounds:
        raise Refusal("it has no rounds, and results that are stacked from them")
    node.give(*state, *(node.emit("Concat", *rows, axis=0) for rows in stacked))
    return None


def _goes_on(node: Node, body: Any) -> bool:
    """Whether a loop's condition stays true: it is handed on, or a constant."""
    import onnx

    made = {name: child for child in body.node for name in child.output}
    known = {t.name: onnx.numpy_helper.to_array(t) for t in body.initializer}
    name = body.output[0].name
    while name in made and made[name].op_type in ("Identity", "Cast"):
        name = made[name].input[0]
    if name == body.input[1].name:
        return True
    if name in made and made[name].op_type == "Constant":
        for attribute in made[name].attribute:
            if attribute.name == "value":
                return bool(onnx.numpy_helper.to_array(attribute.t).all())
    values = known.get(name, node.known(name))
    return values is not None and bool(np.all(values))


def _bounded(body: Any, rounds: int) -> None:
    count = rounds * len(body.node)
    if count > _MAX_OPERATORS:
        raise Refusal(
            f"its {rounds} rounds come to {count} operators when they are written out, and "
            f"{_MAX_OPERATORS} are the most"
        )


@rewrites("Scan")
def scan(node: Node) -> bool | None:
    """A round for each slice of its inputs."""
    body = node.attribute("body")
    count = node.attribute("num_scan_inputs")
    first = len(node.node.input) - count
    state = [node.input(index) for index in range(first)]
    outputs = len(body.output) - first
    axes = list(node.attribute("scan_input_axes") or [0] * count)
    backwards = list(node.attribute("scan_input_directions") or [0] * count)
    output_axes = list(node.attribute("scan_output_axes") or [0] * outputs)
    output_backwards = list(node.attribute("scan_output_directions") or [0] * outputs)
    shapes = [node.shape(first + index) for index in range(count)]
    rounds = shapes[0][axes[0]]
    _bounded(body, rounds)
    stacked: list[list[str]] = [[] for _ in range(outputs)]
    for turn in range(rounds):
        slices = []
        for index in range(count):
            at = rounds - 1 - turn if backwards[index] else turn
            name = node.input(first + index)
            slices.append(node.emit("Gather", name, node.value(at, "int64"), axis=axes[index]))
        results = node.inline(body, [*state, *slices])
        state = results[:first]
        for index, row in enumerate(results[first:]):
            axis = node.value([output_axes[index]], "int64")
            wider = node.emit("Unsqueeze", row, axis)
            stacked[index].insert(0 if output_backwards[index] else turn, wider)
    joined = [node.emit("Concat", *r, axis=a) for r, a in zip(stacked, output_axes, strict=True)]
    node.give(*state, *joined)
    return None
