# SPDX-License-Identifier: Apache-2.0
"""An ONNX graph as rewrites see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Refusal(Exception):
    """An operator that cannot be compiled, and why, as the end of a sentence."""


class Graph:
    """What is known of a graph's tensors.

    Attributes
    ----------
    model : onnx.ModelProto
    constants : dict of str to numpy.ndarray
        Tensors whose values are known.
    shapes : dict of str to tuple of int
        Tensors whose shapes are known.
    dtypes : dict of str to str
        NumPy's names.
    sequences : dict of str to list of str
        Sequences, by the names of their tensors.
    """

    def __init__(self, model: Any):
        import onnx

        self._onnx = onnx
        self.model = model
        self.constants: dict[str, np.ndarray] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, str] = {}
        self.sequences: dict[str, list[str]] = {}
        self._fresh = 0
        self._names = {name for node in model.graph.node for name in [*node.input, *node.output]}
        self.refresh()

    def refresh(self) -> None:
        """Infer shapes again, after nodes have changed."""
        onnx = self._onnx
        try:
            inferred = onnx.shape_inference.infer_shapes(self.model, data_prop=True)
        except Exception:  # what it cannot infer is asked for, and refused, where it is needed
            inferred = self.model
        graph = inferred.graph
        self.constants = {
            tensor.name: onnx.numpy_helper.to_array(tensor)
            for tensor in self.model.graph.initializer
        }
        for value in [*graph.input, *graph.value_info, *graph.output]:
            tensor = value.type.tensor_type
            if not value.type.HasField("tensor_type"):
                continue
            if tensor.elem_type:
                self.dtypes[value.name] = onnx.helper.tensor_dtype_to_np_dtype(
                    tensor.elem_type
                ).name
            if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
                self.shapes[value.name] = tuple(d.dim_value for d in tensor.shape.dim)
        for name, array in self.constants.items():
            self.shapes[name], self.dtypes[name] = array.shape, array.dtype.name

    def fresh(self, base: str) -> str:
        """A name that no tensor has."""
        while True:
            self._fresh += 1
            name = f"{base}_{self._fresh}"
            if name not in self._names:
                self._names.add(name)
                return name

    def add_constant(self, name: str, array: np.ndarray) -> None:
        """Make a tensor an initializer."""
        tensor = self._onnx.numpy_helper.from_array(np.asarray(array, order="C"), name)
        self.model.graph.initializer.append(tensor)
        self.constants[name] = array
        self.shapes[name], self.dtypes[name] = array.shape, array.dtype.name


def drop_identities(graph: Graph) -> None:
    """Let readers of an Identity's result read its input. Results of the graph keep theirs."""
    results = {value.name for value in graph.model.graph.output}
    nodes = graph.model.graph.node
    if any(a.HasField("g") or a.graphs for node in nodes for a in node.attribute):
        return  # subgraphs read names of this one
    same: dict[str, str] = {}
    kept = []
    for node in nodes:
        for index, name in enumerate(node.input):
            node.input[index] = same.get(name, name)
        if node.op_type == "Identity" and node.output[0] not in results:
            same[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del nodes[:]
    nodes.extend(kept)


class Node:
    """One operator to rewrite, and the operators that stand in its place."""

    def __init__(self, graph: Graph, node: Any):
        import onnx

        self._onnx = onnx
        self._graph = graph
        self.node = node
        self.emitted: list[Any] = []
        self._attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    @property
    def opset(self) -> int:
        """Version of ONNX's own operators."""
        from .opset import version

        return version(self._graph.model)

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute's value, strings as text."""
        value = self._attributes.get(name, default)
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, list) and value and isinstance(value[0], bytes):
            return [text.decode() for text in value]
        return value

    def attributes(self) -> dict[str, Any]:
        """All that the file gives."""
        return dict(self._attributes)

    def has_input(self, index: int) -> bool:
        """Whether an optional input is there."""
        return len(self.node.input) > index and self.node.input[index] != ""

    def has_output(self, index: int) -> bool:
        """Whether an optional output is asked for."""
        return len(self.node.output) > index and self.node.output[index] != ""

    def input(self, index: int) -> str:
        """The name of an input."""
        return str(self.node.input[index])

    def constant(self, index: int) -> np.ndarray | None:
        """An input's values where they are known; None where not, or where it is left out."""
        return self._graph.constants.get(self.node.input[index]) if self.has_input(index) else None

    def required_constant(self, index: int, what: str) -> np.ndarray:
        """The values of an input that has to be known.

        Raises
        ------
        Refusal
            If it is computed.
        """
        array = self.constant(index)
        if array is None:
            raise Refusal(f"its {what} is not a constant")
        return array

    def shape(self, index: int) -> tuple[int, ...]:
        """An input's shape.

        Raises
        ------
        Refusal
            If it is not known.
        """
        name = self.input(index)
        if name not in self._graph.shapes:
            raise Refusal(f"the shape of its input {name} is known only at run time")
        return self._graph.shapes[name]

    def output_shape(self, index: int) -> tuple[int, ...]:
        """An output's shape, as `shape`."""
        name = self.node.output[index]
        if name not in self._graph.shapes:
            raise Refusal(f"the shape of its output {name} is known only at run time")
        return self._graph.shapes[name]

    def dtype(self, index: int) -> str:
        """An input's element type, by NumPy's name."""
        name = self.input(index)
        if name not in self._graph.dtypes:
            raise Refusal(f"the type of its input {name} is not known")
        return self._graph.dtypes[name]

    def value(self, array: Any, dtype: str | None = None) -> str:
        """A new constant."""
        name = self._graph.fresh("constant")
        self._graph.add_constant(name, np.asarray(array, dtype=dtype))
        return name

    def emit(
        self, operator: str, *inputs: str, outputs: int | Sequence[str] = 1, **attributes: Any
    ) -> Any:
        """Add an operator; gives its output's name, or a list of them for several."""
        names = (
            [self._graph.fresh(operator.lower()) for _ in range(outputs)]
            if isinstance(outputs, int)
            else list(outputs)
        )
        self.emitted.append(self._onnx.helper.make_node(operator, inputs, names, **attributes))
        return names[0] if len(names) == 1 else names

    def cast(self, name: str, dtype: str) -> str:
        """A tensor in another element type."""
        to = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return str(self.emit("Cast", name, to=to))

    def reshape(self, name: str, shape: Sequence[int]) -> str:
        """A tensor in another shape."""
        return str(self.emit("Reshape", name, self.value(shape, "int64")))

    def keep(self, **attributes: Any) -> None:
        """Put the operator itself, with some attributes changed (None takes one away)."""
        copy = self._onnx.NodeProto()
        copy.CopyFrom(self.node)
        kept = [a for a in copy.attribute if a.name not in attributes]
        del copy.attribute[:]
        copy.attribute.extend(kept)
        for name, value in attributes.items():
            if value is not None:
                copy.attribute.append(self._onnx.helper.make_attribute(name, value))
        self.emitted.append(copy)

    def known(self, name: str) -> np.ndarray | None:
        """A tensor's values, where they are known."""
        return self._graph.constants.get(name)

    def inline(self, body: Any, given: Sequence[str]) -> list[str]:
        """Put the operators of a body, whose inputs are ``given``; the names of its results."""
        from .subgraph import inlined

        nodes, results = inlined(self._graph, body, given)
        self.emitted += nodes
        return results

    def sequence(self, name: str) -> list[str] | None:
        """The tensors of a sequence, where they are known."""
        return self._graph.sequences.get(name)

    def give_sequence(self, members: list[str], index: int = 0) -> None:
        """Let tensors be a sequence that is an output."""
        self._graph.sequences[self.node.output[index]] = members

    def give(self, *names: str | None) -> None:
        """Let tensors be the operator's outputs, in order; what is not asked for may be None."""
        for index, name in enumerate(names):
            if name is not None and self.has_output(index):
                self.emit("Identity", name, outputs=[self.node.output[index]])
