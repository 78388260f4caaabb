# SPDX-License-Identifier: Apache-2.0
"""Bodies of If, Loop and Scan, written out in the graph around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .graph import Graph


def inlined(graph: Graph, body: Any, given: Sequence[str]) -> tuple[list[Any], list[str]]:
    """A body's operators with names of their own, and the names of its results.

    Parameters
    ----------
    graph : Graph
        The graph around it, whose tensors the body may read; its constants become that graph's.
    body : onnx.GraphProto
    given : sequence of str
        What the body's inputs are.
    """
    import onnx

    names = {value.name: name for value, name in zip(body.input, given, strict=True)}
    for tensor in body.initializer:
        names[tensor.name] = graph.fresh(tensor.name)
        graph.add_constant(names[tensor.name], onnx.numpy_helper.to_array(tensor))
    nodes = []
    for node in body.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for output in node.output:
            if output:
                names[output] = graph.fresh(output)
        _rename(copy, names)
        nodes.append(copy)
    return nodes, [names.get(value.name, value.name) for value in body.output]


def _rename(node: Any, names: dict[str, str]) -> None:
    """Rename what an operator reads and makes, and what bodies of its own read from around them."""
    for field in (node.input, node.output):
        for index, name in enumerate(field):
            field[index] = names.get(name, name)
    for attribute in node.attribute:
        for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            own = {value.name for value in inner.input}
            own |= {tensor.name for tensor in inner.initializer}
            own |= {name for child in inner.node for name in child.output}
            around = {old: new for old, new in names.items() if old not in own}
            for child in inner.node:
                _rename(child, around)
            for value in inner.output:
                value.name = around.get(value.name, value.name)
