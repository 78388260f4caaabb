# SPDX-License-Identifier: Apache-2.0
"""Quantized parts of an ONNX graph, computed in integers.

ONNX says that an operator is quantized in two ways: by an operator of its own (QLinearConv), or by
DequantizeLinear before it and QuantizeLinear after it, the QDQ form. ``site.py`` and ``qlinear.py``
recognize both as a `Site`; the files named in ``registry.py`` make operators of
`microtvm.compiler.operators` of sites, as TensorFlow Lite's frontend does of its own. What none of
them takes is left as it stands, and computed in float or by TVM's kernels.

Those operators want int8 and channels last. ``tensors.py`` keeps each tensor in the forms in which
it is wanted, so that uint8 is shifted and axes are moved only where a quantized part begins and
ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....operators import Operator
from ..calls import DOMAIN
from ..graph import Graph
from .operand import operand_of
from .qlinear import qlinear_site
from .registry import InFloat, converter_for
from .site import Site, Users, attributes, dequantized, qdq_site
from .tensors import Tensors

__all__ = ["compute_in_integers"]


def compute_in_integers(graph: Graph) -> list[Operator]:
    """Put calls of operators of ours in the place of quantized ones.

    Returns
    -------
    list of Operator
        By the number that the calls have (``calls.py``).
    """
    model = graph.model
    users = Users(graph)
    tensors = Tensors(graph)
    converted = False
    for node in list(model.graph.node):
        site = qlinear_site(graph, node) or qdq_site(graph, users, node)
        if site is not None and _convert(site, tensors) or _position(graph, users, tensors, node):
            converted = True
        else:
            _keep(graph, tensors, node)
    for value in model.graph.output:
        tensors.materialize(value.name)
    if not converted:
        return []
    del model.graph.node[:]
    model.graph.node.extend(_alive(tensors.nodes, [value.name for value in model.graph.output]))
    model.opset_import.add(domain=DOMAIN, version=1)
    graph.refresh()
    return tensors.operators


def _convert(site: Site, tensors: Tensors) -> bool:
    convert = converter_for(site.kind)
    if convert is None or not site.output.is_activation:
        return False
    mark = tensors.mark()
    try:
        convert(site, tensors)
    except (InFloat, ValueError):  # operators raise ValueError for what they do not compute
        tensors.back_to(mark)
        return False
    return True


def _position(graph: Graph, users: Users, tensors: Tensors, node: Any) -> bool:
    """An extremum's index, which is the same among the integers."""
    if node.op_type not in ("ArgMax", "ArgMin"):
        return False
    operand = dequantized(graph, users, node.input[0])
    if operand is None or not operand.is_activation:
        return False
    tensors.emit(node.op_type, tensors.read(operand), to=node.output[0], **attributes(node))
    return True


def _keep(graph: Graph, tensors: Tensors, node: Any) -> None:
    """A node that is no part of a site, and reads tensors as the file has them."""
    if node.op_type == "DequantizeLinear":
        operand = operand_of(graph, node.input, node)
        if operand is not None and tensors.is_made(operand.name) and operand.is_activation:
            scale = tensors.constant(np.float32(operand.tensor.scale))
            zero = tensors.constant(np.int8(operand.tensor.zero_point))
            tensors.emit("DequantizeLinear", tensors.read(operand), scale, zero, to=node.output[0])
            return
    for name in node.input:
        tensors.materialize(name)
    tensors.nodes.append(node)
    if node.op_type == "QuantizeLinear":
        # Where uint8 is asked for, operators of ours want it as int8.
        operand = operand_of(graph, [node.output[0], *node.input[1:]], node)
        if operand is not None and operand.dtype == "uint8" and operand.is_activation:
            scale = tensors.constant(np.float32(operand.tensor.scale))
            zero = tensors.constant(np.int8(operand.tensor.zero_point))
            tensors.offer(operand, tensors.emit("QuantizeLinear", node.input[0], scale, zero))


def _alive(nodes: list[Any], outputs: list[str]) -> list[Any]:
    """The nodes that outputs need."""
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        # What subgraphs read is not looked for.
        if needed.intersection(node.output) or any(a.HasField("g") for a in node.attribute):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]
