# SPDX-License-Identifier: Apache-2.0
"""From an ONNX graph to one whose operators TVM's importer gets right."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Container
from typing import Any

from ...dependencies import load
from ...errors import CompileError, UnsupportedOperatorError
from ...operators import Operator
from .attributes import refuse_passed_over
from .fold import fold
from .graph import Graph, Node, Refusal, drop_identities
from .integers import compute_in_integers
from .integers.qlinear import TO_QDQ, declare_results
from .opset import version
from .rewrites import importable, rewrite_for

# Operators that ONNX itself defines by other ones, where TVM has none or a wrong one.
_FUNCTIONS = (
    "Attention",
    "BlackmanWindow",
    "Celu",
    "GroupNormalization",
    "HammingWindow",
    "HannWindow",
    "LayerNormalization",
    "NegativeLogLikelihoodLoss",
    "RMSNormalization",
    "RotaryEmbedding",
    "SoftmaxCrossEntropyLoss",
    "SwiGLU",
    "Swish",
)

_ROUNDS = 8


def prepare(path: pathlib.Path, model: Any) -> tuple[Any, list[Operator]]:
    """The model, folded and rewritten, and the operators of ours that it calls by number.

    Raises
    ------
    UnsupportedOperatorError
        Naming every operator that cannot be compiled.
    """
    onnx: Any = load("onnx", "read ONNX models")
    model = _inline(onnx, model)
    graph = Graph(model)
    if fold(graph, keep=("DequantizeLinear",)):
        graph.refresh()
    passed_over = refuse_passed_over(graph, version(model))
    operators = _integers(graph)
    refused: dict[str, str] = {}
    for _ in range(_ROUNDS):
        refused.clear()  # a shape that is not known yet may be after the next round
        folded = fold(graph)
        if not _rewrite(graph, refused) and not folded:
            break
        graph.refresh()
    for node in graph.model.graph.node:
        if not importable(node) or node.op_type in _FUNCTIONS:
            domain = f"{node.domain}." if node.domain not in ("", "ai.onnx") else ""
            refused.setdefault(domain + node.op_type, "not supported")
    for name, why in passed_over.items():
        if refused.get(name) != "not supported":
            refused[name] = why
    if refused:
        if len(set(refused.values())) == 1:  # one reason for all
            raise UnsupportedOperatorError(str(path), list(refused), *set(refused.values()))
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(refused.items()))
        raise UnsupportedOperatorError(str(path), list(refused), f"cannot be compiled ({reasons})")
    produced = {name for node in model.graph.node for name in node.output}
    produced |= {tensor.name for tensor in model.graph.initializer}
    produced |= {value.name for value in model.graph.input}
    missing = [value.name for value in model.graph.output if value.name not in produced]
    if missing:
        raise CompileError(f"{path}: output {', '.join(missing)} is made by no operator")
    return model, operators


def _inline(onnx: Any, model: Any) -> Any:
    """Functions of the model's own, and those of ONNX's in `_FUNCTIONS`, in other operators."""
    inliner: Any = load("onnx.inliner", "read ONNX models")
    if model.functions:
        model = inliner.inline_local_functions(model)
    _write_defaults(onnx, model)
    for node in model.graph.node:
        while node.input and not node.input[-1]:  # the inliner asks for their types
            node.input.pop()
    typed = onnx.shape_inference.infer_shapes(model, data_prop=True)
    _write_types_of_constants(onnx, typed)
    before: set[str] = set()
    # What a function is expanded to may be one of them again.
    while (names := _functions(typed)) != before:
        for name in sorted(names):
            # One that onnx cannot expand stays, and is refused by its name.
            with contextlib.suppress(Exception):
                typed = onnx.shape_inference.infer_shapes(
                    inliner.inline_selected_functions(
                        typed, [("", name)], exclude=False, inline_schema_functions=True
                    ),
                    data_prop=True,
                )
        before = names
    return typed


def _functions(model: Any) -> set[str]:
    return {node.op_type for node in model.graph.node}.intersection(_FUNCTIONS)


def _write_types_of_constants(onnx: Any, model: Any) -> None:
    """Types of initializers among those of other tensors, where onnx's inliner looks for them."""
    graph = model.graph
    said = {value.name for value in graph.value_info}
    for tensor in graph.initializer:
        if tensor.name not in said:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            graph.value_info.append(value)


def _write_defaults(onnx: Any, model: Any) -> None:
    """Defaults of attributes in the node: onnx's inliner loses those that are left out."""
    for node in model.graph.node:
        if node.op_type in _FUNCTIONS and node.domain in ("", "ai.onnx"):
            schema = onnx.defs.get_schema(node.op_type, version(model))
            present = {attribute.name for attribute in node.attribute}
            for name, attribute in schema.attributes.items():
                if name not in present and attribute.default_value.type:
                    node.attribute.add().CopyFrom(attribute.default_value)


def _integers(graph: Graph) -> list[Operator]:
    """Let what is quantized be computed in integers; onnxruntime's operators in QDQ form first."""
    for _ in range(_ROUNDS):
        # A DequantizeLinear of weights tells that they are quantized.
        folded = fold(graph, keep=("DequantizeLinear",))
        declared = declare_results(graph)
        if not _rewrite(graph, {}, only=TO_QDQ) and not folded and not declared:
            break
        drop_identities(graph)
        graph.refresh()
    return compute_in_integers(graph)


def _rewrite(graph: Graph, refused: dict[str, str], only: Container[str] | None = None) -> bool:
    """Let the rewrites of ours replace operators (of some names) once; whether any did."""
    changed = False
    nodes = []
    for node in list(graph.model.graph.node):
        function = None
        if only is None or node.op_type in only:
            function = rewrite_for(node)
        if function is None:
            nodes.append(node)
            continue
        view = Node(graph, node)
        try:
            done = function(view)
        except Refusal as refusal:
            refused.setdefault(node.op_type, str(refusal))
            done = False
        if done is False:
            nodes.append(node)
        else:
            nodes += view.emitted
            changed = True
    if changed:
        del graph.model.graph.node[:]
        graph.model.graph.node.extend(nodes)
    return changed
