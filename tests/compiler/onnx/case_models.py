# SPDX-License-Identifier: Apache-2.0
"""ONNX models made of single operators: many in one, so that one compile answers for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Data:
    """A tensor that is handed in when the model runs; numbers from ``low`` to ``high``."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float = -3
    high: float = 3

    def sample(self, generator: np.random.Generator) -> np.ndarray:
        """Random numbers; of integers both ends are among them."""
        if self.dtype == "bool":
            return generator.integers(0, 2, self.shape).astype(bool)
        if self.dtype.startswith("float"):
            return generator.uniform(self.low, self.high, self.shape).astype(self.dtype)
        return generator.integers(
            int(self.low), int(self.high), self.shape, self.dtype, endpoint=True
        )


@dataclass(frozen=True)
class Case:
    """One operator; an input that is None is left out, and so is an output that is False.

    Arrays among the inputs are constants.
    """

    operator: str
    inputs: Sequence[Data | np.ndarray | None]
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: int = 21
    outputs: Sequence[bool] = (True,)
    domain: str = ""

    @property
    def label(self) -> str:
        """What tells it from others."""
        told = [f"{self.operator}-{self.opset}"]
        told += [f"{name}={value}" for name, value in self.attributes.items()]
        told += [f"in{n}" for n, given in enumerate(self.inputs) if given is not None and n]
        told += [f"out{n}" for n, asked in enumerate(self.outputs) if asked and n]
        return " ".join(told)

    def away(self) -> dict[str, Any]:
        """Attributes that are not at the default of ONNX's schema."""
        from onnx import defs, helper

        if self.domain:
            return self.attributes
        known = defs.get_schema(self.operator, self.opset).attributes
        defaults = {
            name: helper.get_attribute_value(attribute.default_value)
            for name, attribute in known.items()
            if attribute.default_value.type
        }
        return {
            name: value
            for name, value in self.attributes.items()
            if (value.encode() if isinstance(value, str) else value) != defaults.get(name)
        }


def model_of(cases: Iterable[Case]) -> Any:
    """A model of one operator for each case, all of the same opset.

    The inputs and outputs of case 3 are named ``c3_x0`` and ``c3_y0`` and so on.
    """
    import onnx

    helper = onnx.helper
    inputs, constants, nodes, outputs = [], [], [], []
    for number, case in enumerate(cases):
        names = []
        for index, given in enumerate(case.inputs):
            names.append("" if given is None else f"c{number}_x{index}")
            if isinstance(given, Data):
                element = helper.np_dtype_to_tensor_dtype(np.dtype(given.dtype))
                inputs.append(helper.make_tensor_value_info(names[-1], element, given.shape))
            elif given is not None:
                constants.append(onnx.numpy_helper.from_array(given, names[-1]))
        results = [f"c{number}_y{k}" if asked else "" for k, asked in enumerate(case.outputs)]
        nodes.append(
            helper.make_node(
                case.operator, names, results, case.label, domain=case.domain, **case.attributes
            )
        )
        outputs += [onnx.ValueInfoProto(name=name) for name in results if name]
        opset = case.opset
    return helper.make_model(
        helper.make_graph(nodes, "cases", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)],
        ir_version=11,
    )


def samples(cases: Iterable[Case], seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs for the model of some cases."""
    generator = np.random.default_rng(seed)
    return {
        f"c{number}_x{index}": given.sample(generator)
        for number, case in enumerate(cases)
        for index, given in enumerate(case.inputs)
        if isinstance(given, Data)
    }


def reference(model: Any, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """ONNX Runtime's outputs; their types and shapes are written into the model."""
    import onnx
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    # Outputs of ONNX Runtime's own operators, which onnx knows no types of, are left untyped.
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        inferred.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    results = session.run(None, given)
    helper = onnx.helper
    for value, array in zip(model.graph.output, results, strict=True):
        element = helper.np_dtype_to_tensor_dtype(array.dtype)
        value.CopyFrom(helper.make_tensor_value_info(value.name, element, array.shape))
    return {value.name: a for value, a in zip(model.graph.output, results, strict=True)}
