# SPDX-License-Identifier: Apache-2.0
"""What can be computed when compiling: constants, and the arithmetic of fixed shapes."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from .graph import Graph

# Elements of a folded tensor: shapes and masks are small, and what is large may be an expansion
# that costs flash.
_LIMIT = 1 << 16

_RANDOM = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli"}
_RANDOM |= {"Multinomial", "Dropout"}


def fold(graph: Graph, keep: Container[str] = ()) -> bool:
    """Replace operators whose results are known by initializers; whether there were any.

    Those whose names are in ``keep`` stay.
    """
    nodes = []
    for node in graph.model.graph.node:
        results = None if node.op_type in keep else _evaluate(graph, node)
        if results is None:
            nodes.append(node)
        else:
            for name, array in zip(node.output, results, strict=False):
                if name:
                    graph.add_constant(name, array)
    changed = len(nodes) < len(graph.model.graph.node)
    if changed:
        used = {name for node in nodes for name in node.input}
        used |= {value.name for value in graph.model.graph.output}
        used.update(*graph.sequences.values())
        nested = any(a.HasField("g") or a.graphs for node in nodes for a in node.attribute)
        if not nested:
            kept = [t for t in graph.model.graph.initializer if t.name in used]
            del graph.model.graph.initializer[:]
            graph.model.graph.initializer.extend(kept)
        del graph.model.graph.node[:]
        graph.model.graph.node.extend(nodes)
    return changed


def _evaluate(graph: Graph, node: Any) -> list[np.ndarray] | None:
    if node.domain not in ("", "ai.onnx") or node.op_type in _RANDOM:
        return None
    if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
        return None
    if node.op_type in ("Shape", "Size") and node.input[0] in graph.shapes:
        given = {node.input[0]: np.broadcast_to(np.float32(0), graph.shapes[node.input[0]])}
    elif all(name in graph.constants for name in node.input if name):
        given = {name: graph.constants[name] for name in node.input if name}
    else:
        return None
    try:
        results = _run(graph.model, node, given)
    except Exception:  # the reference evaluator lacks it: it is not folded
        return None
    if any(not isinstance(r, np.ndarray) and not np.isscalar(r) for r in results):
        return None
    arrays = [np.asarray(result) for result in results]
    largest = max([0, *(array.size for array in given.values())])
    if node.op_type not in ("Constant", "Shape", "Size") and any(
        array.size > max(_LIMIT, largest) for array in arrays
    ):
        return None
    return arrays


def _run(model: Any, node: Any, given: dict[str, np.ndarray]) -> list[Any]:
    names = [name for name in node.output if name]
    found = dict(zip(names, evaluate(model, [node], given, names), strict=True))
    return [found.get(name) if name else np.zeros(0) for name in node.output]


def evaluate(
    model: Any, nodes: Sequence[Any], given: dict[str, np.ndarray], results: Sequence[str]
) -> list[Any]:
    """What nodes of a model compute from given tensors, by onnx's reference evaluator."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    graph = onnx.helper.make_graph(
        nodes,
        "part",
        [
            onnx.helper.make_tensor_value_info(
                name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in given.items()
        ],
        [onnx.helper.make_empty_tensor_value_info(name) for name in results],
    )
    part = onnx.helper.make_model(graph, opset_imports=list(model.opset_import))
    values: list[Any] = ReferenceEvaluator(part).run(None, given)
    return values
