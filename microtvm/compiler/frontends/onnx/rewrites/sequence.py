# SPDX-License-Identifier: Apache-2.0
"""Sequences and optionals, whose tensors are known by name: none is left in what is compiled."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


def _members(node: Node, index: int) -> list[str]:
    found = node.sequence(node.input(index))
    if found is None:
        raise Refusal("the tensors of its sequence are known only at run time")
    return found


def _position(node: Node, index: int, length: int) -> int:
    """A constant position, counted from the end where it is negative."""
    position = int(node.required_constant(index, "position").reshape(()))
    if not -length <= position < length:
        raise Refusal(f"its position {position} lies outside of the sequence's {length} tensors")
    return position % length


@rewrites("SequenceEmpty")
def sequence_empty(node: Node) -> bool | None:
    """No tensors."""
    node.give_sequence([])
    return None


@rewrites("SequenceConstruct")
def sequence_construct(node: Node) -> bool | None:
    """Its inputs."""
    node.give_sequence(list(node.node.input))
    return None


@rewrites("SequenceInsert")
def sequence_insert(node: Node) -> bool | None:
    """At a position, or at the end."""
    members = list(_members(node, 0))
    position = _position(node, 2, len(members) + 1) if node.has_input(2) else len(members)
    members.insert(position, node.input(1))
    node.give_sequence(members)
    return None


@rewrites("SequenceErase")
def sequence_erase(node: Node) -> bool | None:
    """At a position, or at the end."""
    members = list(_members(node, 0))
    del members[_position(node, 1, len(members)) if node.has_input(1) else -1]
    node.give_sequence(members)
    return None


@rewrites("SequenceAt")
def sequence_at(node: Node) -> bool | None:
    """One of the tensors."""
    members = _members(node, 0)
    node.give(members[_position(node, 1, len(members))])
    return None


@rewrites("SequenceLength")
def sequence_length(node: Node) -> bool | None:
    """A constant."""
    node.give(node.value(len(_members(node, 0)), "int64"))
    return None


@rewrites("SplitToSequence")
def split_to_sequence(node: Node) -> bool | None:
    """A Split; without sizes, slices of one, with or without their axis."""
    shape, axis = node.shape(0), node.attribute("axis", 0)
    extent = shape[axis]
    whole = node.has_input(1)
    sizes = node.required_constant(1, "split") if whole else np.array(1)
    if sizes.ndim == 0:
        step = int(sizes)
        sizes = np.array([min(step, extent - start) for start in range(0, extent, step)])
    split = node.value(sizes, "int64")
    parts = node.emit("Split", node.input(0), split, outputs=len(sizes), axis=axis)
    parts = parts if len(sizes) > 1 else [parts]
    if not whole and not node.attribute("keepdims", 1):
        parts = [node.emit("Squeeze", part, node.value([axis], "int64")) for part in parts]
    node.give_sequence(parts)
    return None


@rewrites("ConcatFromSequence")
def concat_from_sequence(node: Node) -> bool | None:
    """Joined along an axis that there is, or a new one."""
    members, axis = _members(node, 0), node.attribute("axis")
    if node.attribute("new_axis", 0):
        members = [node.emit("Unsqueeze", m, node.value([axis], "int64")) for m in members]
    node.give(node.emit("Concat", *members, axis=axis))
    return None


@rewrites("SequenceMap")
def sequence_map(node: Node) -> bool | None:
    """The body, once for each tensor."""
    first = _members(node, 0)
    results = []
    for position in range(len(first)):
        given = []
        for index, name in enumerate(node.node.input):
            members = node.sequence(name)
            given.append(_members(node, index)[position] if members is not None else name)
        results.append(node.inline(node.attribute("body"), given))
    for index in range(len(node.node.output)):
        node.give_sequence([result[index] for result in results], index)
    return None


@rewrites("Optional")
def optional(node: Node) -> bool | None:
    """A tensor that is there; one that is not has a type only."""
    if not node.has_input(0):
        raise Refusal("it has no tensor")
    _hand_on(node)
    return None


@rewrites("OptionalGetElement")
def optional_get_element(node: Node) -> bool | None:
    """The tensor itself."""
    _hand_on(node)
    return None


def _hand_on(node: Node) -> None:
    members = node.sequence(node.input(0))
    if members is not None:
        node.give_sequence(members)
    else:
        node.give(node.input(0))


@rewrites("OptionalHasElement")
def optional_has_element(node: Node) -> bool | None:
    """What reaches it is there."""
    node.give(node.value(node.has_input(0), "bool"))
    return None
