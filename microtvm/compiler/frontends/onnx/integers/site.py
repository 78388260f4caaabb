# SPDX-License-Identifier: Apache-2.0
"""A place in the graph where an operator is quantized, and how it is found in the QDQ form."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Graph
from .operand import Operand, operand_of

_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_ONNX = ("", "ai.onnx")

# Element-wise operators: with one quantized operand, and constants of one element besides, a
# function of one number.
ELEMENTWISE = frozenset(
    """Abs Add Ceil Celu Clip Cos Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity
    LeakyRelu Log Max Min Mish Mul Neg PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin
    Softplus Softsign Sqrt Sub Swish Tanh ThresholdedRelu""".split()  # noqa: SIM905
)
FUNCTION = "a function of one number"


@dataclass
class Site:
    """An operator on integers.

    Attributes
    ----------
    kind : str
        ONNX's name for it, or `FUNCTION`.
    node : onnx.NodeProto
        Which has the attributes.
    inputs : list of Operand or None
        None for what is not quantized.
    output : Operand
    names : list of str
        Of the node's inputs, quantized or not.
    constants : dict of int to array
        Those inputs that are not quantized, and known.
    limits : pair of float or None
        The real numbers between which a ReLU or Clip behind the operator holds its results.
    nodes : list of onnx.NodeProto
        Those that compute a `FUNCTION`, in order; the last one gives the result.
    index : int
        Which of the node's outputs it is.
    """

    kind: str
    node: Any
    inputs: list[Operand | None]
    output: Operand
    names: list[str] = field(default_factory=list)
    constants: dict[int, np.ndarray] = field(default_factory=dict)
    limits: tuple[float | None, float | None] = (None, None)
    nodes: list[Any] = field(default_factory=list)
    index: int = 0

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute's value, strings as text."""
        value = attributes(self.node).get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def operand(self, index: int) -> Operand | None:
        """A quantized input, or None."""
        return self.inputs[index] if index < len(self.inputs) else None


class Users:
    """Who makes a tensor, and how many read it."""

    def __init__(self, graph: Graph):
        self.producer = {name: node for node in graph.model.graph.node for name in node.output}
        self.count = collections.Counter(
            name for node in graph.model.graph.node for name in node.input
        )
        self.count.update(value.name for value in graph.model.graph.output)


def qdq_site(graph: Graph, users: Users, quantize: Any) -> Site | None:
    """The site that ends in a QuantizeLinear, if one does."""
    if quantize.op_type != _QUANTIZE:
        return None
    output = operand_of(graph, [quantize.output[0], *quantize.input[1:]], quantize)
    if output is None or not output.is_activation:
        return None
    found = _function(graph, users, quantize.input[0], output)
    if found is not None:
        return found
    value, limits = quantize.input[0], (None, None)
    node = users.producer.get(value)
    if node is not None and node.op_type in ("Relu", "Clip") and users.count[value] == 1:
        bounds = _bounds(graph, node)
        if bounds is None:
            return None
        limits, value = bounds, node.input[0]
        node = users.producer.get(value)
    if node is None or node.domain not in _ONNX or users.count[value] != 1:
        return None
    inputs = [dequantized(graph, users, name) for name in node.input]
    constants = {i: graph.constants[n] for i, n in enumerate(node.input) if n in graph.constants}
    index = list(node.output).index(value)
    return Site(
        node.op_type, node, inputs, output, list(node.input), constants, limits, index=index
    )


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes."""
    import onnx

    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def dequantized(graph: Graph, users: Users, name: str) -> Operand | None:
    """What a tensor of floats is dequantized from, or None."""
    node = users.producer.get(name)
    if node is None or node.op_type != _DEQUANTIZE:
        return None
    return operand_of(graph, node.input, node)


def _bounds(graph: Graph, node: Any) -> Any:
    if node.op_type == "Relu":
        return 0.0, None
    bounds: list[float | None] = [None, None]
    for index in (1, 2):
        if len(node.input) > index and node.input[index]:
            constant = graph.constants.get(node.input[index])
            if constant is None:
                return None
            bounds[index - 1] = float(constant.reshape(()))
    return tuple(bounds)


def _function(graph: Graph, users: Users, result: str, output: Operand) -> Site | None:
    """Element-wise operators between one dequantized tensor and the quantize."""
    source: Operand | None = None
    nodes: list[Any] = []
    seen: set[str] = set()

    def visit(name: str) -> bool:
        nonlocal source
        if name == "" or name in seen:
            return True
        seen.add(name)
        constant = graph.constants.get(name)
        if constant is not None:
            return constant.size == 1
        node = users.producer.get(name)
        if node is None:
            return False
        if node.op_type == _DEQUANTIZE:
            found = operand_of(graph, node.input, node)
            if found is None or not found.is_activation:
                return False
            if found.data is not None:
                return False
            if source is not None and source.name != found.name:
                return False
            source = found
            return True
        if node.domain not in _ONNX or node.op_type not in ELEMENTWISE or len(node.output) > 1:
            return False
        if not all(visit(operand) for operand in node.input):
            return False
        nodes.append(node)
        return True

    if not visit(result) or source is None or source.shape != output.shape:
        return None
    return Site(FUNCTION, None, [source], output, [result], nodes=nodes)
