# SPDX-License-Identifier: Apache-2.0
"""Sites that are one operator: ONNX's QLinear ones and onnxruntime's QGemm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Graph
from .operand import Operand, operand
from .site import Site

# The operator, and where the first of (tensor, scale, zero point) of each operand and the scale
# of the result stand among the inputs.
_FORMS = {
    "QLinearConv": ("Conv", (0, 3), 6),
    "QLinearMatMul": ("MatMul", (0, 3), 6),
    "QGemm": ("Gemm", (0, 3), 7),
}
# Operators of onnxruntime that are rewritten to the QDQ form first, so that shapes are inferred.
TO_QDQ = frozenset(
    """DequantizeLinear QLinearAdd QLinearAveragePool QLinearConcat QLinearGlobalAveragePool
    QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QuantizeLinear""".split()  # noqa: SIM905
)
# Where a bias of int32 stands.
_BIAS = {"QLinearConv": 8, "QGemm": 6}


def qlinear_site(graph: Graph, node: Any) -> Site | None:
    """The site that a node is, if it is one."""
    names = list(node.input)
    if node.op_type not in _FORMS or any(a.name == "transA" and a.i for a in node.attribute):
        return None
    kind, firsts, result = _FORMS[node.op_type]
    if len(names) <= result or names[result] == "":
        return None
    inputs = [operand(graph, names[i : i + 3], _axis(graph, kind, node, names[i])) for i in firsts]
    output = operand(graph, [node.output[0], *names[result : result + 2]], 1)
    if output is None or any(found is None for found in inputs):
        return None
    bias = _BIAS.get(node.op_type)
    if bias is not None and len(names) > bias and names[bias]:
        inputs.append(_bias(graph, names[bias], inputs))
        if inputs[-1] is None:
            return None
    return Site(kind, node, inputs, output, names)


def _axis(graph: Graph, kind: str, node: Any, name: str) -> int:
    """The axis of weights along which scales may vary."""
    if kind == "Conv":
        return 0
    if kind == "Gemm":
        return 0 if any(a.name == "transB" and a.i for a in node.attribute) else 1
    return max(len(graph.shapes.get(name, ())) - 1, 0)


def _bias(graph: Graph, name: str, inputs: list[Operand | None]) -> Operand | None:
    """In steps of the data's scale times the weights'."""
    data, (source, weights) = graph.constants.get(name), inputs
    if data is None or source is None or weights is None:
        return None
    scales = (source.scales * weights.scales).astype(np.float32)
    zeros = np.zeros(scales.shape, np.int64)
    return Operand(name, data.shape, "int32", scales, zeros, 0, data)


def declare_results(graph: Graph) -> bool:
    """Say what shapes QGemm's results have, which onnx does not know; whether there was any new."""
    import onnx

    found = False
    for node in graph.model.graph.node:
        name = node.output[0] if node.output else ""
        if node.op_type != "QGemm" or name in graph.shapes:
            continue
        a, b = (graph.shapes.get(node.input[i]) for i in (0, 3))
        zero = node.input[8] if len(node.input) > 8 else ""
        if a is None or b is None or not zero or len(a) != 2 or len(b) != 2:
            continue
        swapped = {x.name: x.i for x in node.attribute}
        rows = a[1] if swapped.get("transA", 0) else a[0]
        columns = b[0] if swapped.get("transB", 0) else b[1]
        element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(graph.dtypes[zero]))
        graph.model.graph.value_info.append(
            onnx.helper.make_tensor_value_info(name, element, (rows, columns))
        )
        found = True
    return found
