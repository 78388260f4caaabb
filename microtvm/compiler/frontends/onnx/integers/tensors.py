# SPDX-License-Identifier: Apache-2.0
"""Quantized tensors in the forms in which operators want them."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....operators import Operator, QuantizedTensor
from ....operators.lookup import Lookup
from ..calls import DOMAIN, NAME
from ..fold import evaluate
from ..graph import Graph, Node
from .operand import Operand


class Layout(enum.Enum):
    """Where the channels are, which ONNX has in axis 1."""

    FILE = "as the file has it"
    LAST = "channels last"


def last(tensor: QuantizedTensor) -> QuantizedTensor:
    """An image or a sequence with channels last, as images: (batch, height, width, channels)."""
    batch, channels, *extents = tensor.shape
    if len(extents) == 1:
        extents = [1, *extents]
    return QuantizedTensor(
        (batch, *extents, channels), tensor.dtype, tensor.scale, tensor.zero_point
    )


class Tensors:
    """The new graph's nodes, and the forms that tensors have in it: int8, in each layout.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        In order.
    operators : list of Operator
        By the number of their call.
    """

    def __init__(self, graph: Graph):
        import onnx

        self._onnx = onnx
        self._graph = graph
        self.nodes: list[Any] = []
        self.operators: list[Operator] = []
        self._forms: dict[tuple[str, Layout], str] = {}
        self._made: dict[str, Operand] = {}  # and not in the graph yet as the file has them

    def mark(self) -> tuple[int, dict[tuple[str, Layout], str], dict[str, Operand]]:
        """A point to come back to."""
        return len(self.nodes), dict(self._forms), dict(self._made)

    def back_to(self, mark: tuple[int, dict[tuple[str, Layout], str], dict[str, Operand]]) -> None:
        """Forget what was done since."""
        count, self._forms, self._made = mark
        del self.nodes[count:]

    def constant(self, array: Any) -> str:
        """A new constant."""
        name = self._graph.fresh("constant")
        self._graph.add_constant(name, np.asarray(array))
        return name

    def emit(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Add an operator of ONNX; gives its output's name."""
        name = to or self._graph.fresh(operator.lower())
        node = self._onnx.helper.make_node(operator, inputs, [name], **attributes)
        self.nodes.append(node)
        return name

    def copy(self, node: Any, inputs: Sequence[str]) -> str:
        """Add a node of the file with other inputs; gives its output's name."""
        for name in inputs:
            self.materialize(name)
        copied = self._onnx.NodeProto()
        copied.CopyFrom(node)
        del copied.input[:]
        copied.input.extend(inputs)
        del copied.output[:]
        copied.output.append(self._graph.fresh(node.op_type.lower()))
        self.nodes.append(copied)
        return str(copied.output[0])

    def node(self, node: Any) -> Node:
        """A node of the file with its shapes and constants."""
        return Node(self._graph, node)

    def known(self, name: str) -> np.ndarray | None:
        """A tensor of the file's value, where it is a constant."""
        return self._graph.constants.get(name)

    def evaluate(self, nodes: Sequence[Any], given: dict[str, np.ndarray], result: str) -> Any:
        """What nodes of the file compute of given tensors."""
        return evaluate(self._graph.model, nodes, given, [result])[0]

    def call(self, operator: Operator, *inputs: str, shape: Sequence[int] = ()) -> str:
        """Add an operator of ours; ``shape`` is the result's where it is not ``output``'s."""
        shape = tuple(shape) or operator.output.shape
        name = self._graph.fresh(operator.name)
        node = self._onnx.helper.make_node(
            NAME, inputs, [name], domain=DOMAIN, number=len(self.operators), shape=list(shape)
        )
        self.nodes.append(node)
        self.operators.append(operator)
        self._declare(name, operator.output.dtype, shape)
        return name

    def _declare(self, name: str, dtype: str, shape: Sequence[int]) -> None:
        element = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self._graph.model.graph.value_info.append(
            self._onnx.helper.make_tensor_value_info(name, element, shape)
        )
        self._graph.shapes[name], self._graph.dtypes[name] = tuple(shape), dtype

    def is_made(self, name: str) -> bool:
        """Whether a tensor of the file is computed by operators of ours."""
        return name in self._made

    def has(self, operand: Operand, layout: Layout) -> bool:
        """Whether a tensor is there in a layout, without anything to be done."""
        return (operand.name, layout) in self._forms

    def offer(self, operand: Operand, name: str, layout: Layout = Layout.FILE) -> None:
        """Say that a tensor of the file is there in another form."""
        self._forms[(operand.name, layout)] = name

    def write(self, operand: Operand, name: str, layout: Layout = Layout.FILE) -> None:
        """Let a tensor of the file be what was computed."""
        self.offer(operand, name, layout)
        self._made[operand.name] = operand

    def read(self, operand: Operand, layout: Layout = Layout.FILE) -> str:
        """The name of an operand in int8 and in a layout."""
        key = (operand.name, layout)
        if key not in self._forms:
            self._forms[key] = self._form(operand, layout)
        return self._forms[key]

    def _form(self, operand: Operand, layout: Layout) -> str:
        if operand.data is not None:
            data = (operand.data.astype(np.int16) - operand.shift).astype(np.int8)
            moved = np.moveaxis(data, 1, -1) if layout is Layout.LAST else data
            return self.constant(np.ascontiguousarray(moved))
        if layout is Layout.LAST:
            rank = len(operand.shape)
            return self._transposed(operand, self.read(operand), [0, *range(2, rank), 1])
        if self.has(operand, Layout.LAST):
            rank = len(operand.shape)
            order = [0, rank - 1, *range(1, rank - 1)]
            return self._transposed(operand, self._forms[(operand.name, Layout.LAST)], order)
        return self._shifted(operand, "uint8", "int8") if operand.shift else operand.name

    def _transposed(self, operand: Operand, name: str, order: list[int]) -> str:
        batch, channels, *extents = operand.shape
        if channels == 1 or math.prod(extents) == 1:  # nothing moves
            to_last = order[-1] == 1
            shape = [batch, *extents, channels] if to_last else list(operand.shape)
            return self.emit("Reshape", name, self.constant(np.array(shape, np.int64)))
        return self.emit("Transpose", name, perm=order)

    def _shifted(self, operand: Operand, before: str, after: str) -> str:
        kinds = {
            "int8": operand.tensor,
            "uint8": QuantizedTensor(
                operand.shape, "uint8", operand.tensor.scale, int(operand.zero_points[0])
            ),
        }
        low = kinds[after].limits[0]
        table = np.arange(low, low + 256)
        operator = Lookup(f"{before}_to_{after}", kinds[before], kinds[after], table)
        return self.call(operator, operand.name if before == "uint8" else self.read(operand))

    def materialize(self, name: str) -> None:
        """Compute a tensor as the file has it, for operators that are not ours."""
        operand = self._made.pop(name, None)
        if operand is None:
            return
        found = self.read(operand)
        if operand.shift:
            found = self._shifted(operand, "int8", "uint8")
        self.emit("Identity", found, to=name)
