# SPDX-License-Identifier: Apache-2.0
"""Small ONNX models around one operator, and inputs that fit them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SHAPE = (1, 4, 6, 6)

# By NumPy's name what ONNX calls a type.
ONNX_NAMES = {
    "float32": "tensor(float)",
    "float16": "tensor(float16)",
    "int8": "tensor(int8)",
    "uint8": "tensor(uint8)",
    "int16": "tensor(int16)",
    "int32": "tensor(int32)",
    "int64": "tensor(int64)",
    "bool": "tensor(bool)",
    "string": "tensor(string)",
}


@dataclass
class Case:
    """A model, and how the inputs are drawn that are not of the usual range.

    Attributes
    ----------
    opset : int
    inputs : dict of str to (str, shape, low, high)
        NumPy's name of the type; low and high are None where all values of the type will do.
    said : dict of str to (str, shape)
        Types of outputs that onnx cannot infer.
    quantized : bool
        Whether outputs may be a step off: their values are rounded from reals.
    """

    opset: int
    inputs: dict[str, tuple[str, tuple[int, ...], float | None, float | None]] = field(
        default_factory=dict
    )
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    said: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    quantized: bool = False

    def input(
        self,
        dtype: str,
        shape: Sequence[int] = SHAPE,
        low: float | None = None,
        high: float | None = None,
    ) -> str:
        """An input; its name."""
        name = f"x{len(self.inputs)}"
        self.inputs[name] = dtype, tuple(shape), low, high
        return name

    def constant(self, values: Any, dtype: str = "int64") -> str:
        """An initializer; its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def weights(self, shape: Sequence[int], dtype: str) -> str:
        """An initializer of random numbers between -1 and 1, integers over their whole range."""
        random = np.random.default_rng(7)
        if dtype.startswith("float"):
            return self.constant(random.uniform(-1, 1, shape), dtype)
        limits = np.iinfo(dtype)
        low, high = max(limits.min, -127), min(limits.max, 255)
        return self.constant(random.integers(low, high + 1, shape), dtype)

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """An operator; its output's name, or a list of them."""
        from onnx import helper

        names = [f"{operator.lower()}{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def says(self, name: str, dtype: str, shape: Sequence[int]) -> str:
        """Write an output's type and shape, which onnx cannot infer; its name."""
        self.said[name] = dtype, tuple(shape)
        return name

    def ends(self, *results: str) -> Case:
        """Say what the outputs are."""
        self.results = list(results)
        return self

    def model(self) -> Any:
        """The ``onnx.ModelProto``, its outputs' types and shapes inferred."""
        import onnx
        from onnx import helper

        graph = helper.make_graph(
            self.nodes,
            "operator",
            [
                helper.make_tensor_value_info(name, element(dtype), shape)
                for name, (dtype, shape, _, _) in self.inputs.items()
            ],
            [self._result(name) for name in self.results],
            self.constants,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        onnx.checker.check_model(model)
        return model

    def _result(self, name: str) -> Any:
        from onnx import helper

        if name not in self.said:
            return helper.make_empty_tensor_value_info(name)
        dtype, shape = self.said[name]
        return helper.make_tensor_value_info(name, element(dtype), shape)

    def samples(self, count: int = 8) -> list[np.ndarray]:
        """For each input its samples along a leading axis, the same each time.

        Integers of every second sample are over their whole range, the others small.
        """
        random = np.random.default_rng(20261130)
        arrays = []
        for dtype, shape, low, high in self.inputs.values():
            size = (count, *shape)
            if dtype == "bool":
                arrays.append(random.random(size) < 0.5)
            elif dtype.startswith("float"):
                bottom, top = -2 if low is None else low, 2 if high is None else high
                arrays.append(random.uniform(bottom, top, size).astype(dtype))
            elif low is not None or high is not None:
                bottom, top = (0 if low is None else int(low)), int(100 if high is None else high)
                arrays.append(random.integers(bottom, top + 1, size).astype(dtype))
            else:
                limits = np.iinfo(dtype)
                small = random.integers(max(limits.min, -9), 10, size)
                wide = random.integers(limits.min, limits.max, size, endpoint=True, dtype=dtype)
                odd = (np.arange(count) % 2 == 1).reshape(-1, *[1] * len(shape))
                arrays.append(np.where(odd, wide, small.astype(dtype)))
        return arrays


def element(dtype: str) -> int:
    """ONNX's number of an element type."""
    from onnx import TensorProto, helper

    if dtype == "string":
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


Maker = Callable[[Case, str], Case]


@dataclass(frozen=True)
class Operator:
    """How an operator is tried.

    Attributes
    ----------
    make : callable
        Given an empty case and an element type, the case.
    parameter : str
        The type parameter of the operator's schema that the element type is of; empty for that of
        its first input.
    """

    make: Maker
    parameter: str = ""


table: dict[str, Operator] = {}


def tried(*operators: str, parameter: str = "") -> Callable[[Callable[..., Case]], Any]:
    """Register ``function(case, dtype)`` for one operator, ``function(name, case, dtype)`` for
    several of them."""

    def register(function: Callable[..., Case]) -> Callable[..., Case]:
        for operator in operators:
            if len(operators) == 1:
                table[operator] = Operator(function, parameter)
            else:
                table[operator] = Operator(_named(function, operator), parameter)
        return function

    return register


def _named(function: Callable[..., Case], operator: str) -> Maker:
    return lambda case, dtype: function(operator, case, dtype)


def typed(schema: Any, parameter: str) -> set[str]:
    """NumPy's names of the types that an operator takes its data in."""
    wanted = parameter or schema.inputs[0].type_str
    allowed = {
        name
        for c in schema.type_constraints
        if c.type_param_str == wanted
        for name in c.allowed_type_strs
    }
    allowed |= {wanted}  # a type itself, where nothing is to choose
    return {dtype for dtype, name in ONNX_NAMES.items() if name in allowed}
