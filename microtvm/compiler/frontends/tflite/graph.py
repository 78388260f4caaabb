# SPDX-License-Identifier: Apache-2.0
"""Walks the operators of a file and builds the Relax module."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...dependencies import load
from ...errors import CompileError, UnsupportedOperatorError
from ...interface import Interface
from ...operators import OperatorTable
from ...operators.requantize import Rounding
from ...passes.round_average_pool import RoundAveragePool
from ...program import TensorInfo
from ..imported import ImportedModel
from .context import OperatorContext
from .demands import check
from .file import ModelFile, indices
from .fold import fold, is_constant
from .quantization import dequantize, quantize
from .registry import converters
from .tensor import Tensor
from .tvm_importer import TvmImporter, View
from .variables import Variables

# Operators whose results are elements of their inputs, unchanged: integers are moved as they are
# where the quantization of the results is that of the inputs.
_MOVES = frozenset(
    {
        "ARG_MAX",
        "ARG_MIN",
        "BATCH_TO_SPACE_ND",
        "BROADCAST_TO",
        "CONCATENATION",
        "DEPTH_TO_SPACE",
        "DYNAMIC_UPDATE_SLICE",
        "EXPAND_DIMS",
        "GATHER",
        "GATHER_ND",
        "MAXIMUM",
        "MINIMUM",
        "MIRROR_PAD",
        "PACK",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "REVERSE_SEQUENCE",
        "REVERSE_V2",
        "SELECT",
        "SELECT_V2",
        "SLICE",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TILE",
        "TOPK_V2",
        "TRANSPOSE",
        "UNPACK",
    }
)
# Operators that TVM's importer converts on integers, with our corrections.
_BY_TVM_QUANTIZED = frozenset({"AVERAGE_POOL_2D", "MAX_POOL_2D"})


class Refusals:
    """Operators that cannot be converted, gathered so that all are named at once."""

    def __init__(self, source: str):
        self._source = source
        self._reasons: dict[str, str] = {}
        self._details: list[str] = []

    def add(self, operator: str, reason: str, details: str = "") -> None:
        """Note why an operator is refused; details are for whoever debugs."""
        self._reasons.setdefault(operator, reason)
        if details:
            self._details.append(f"{operator}: {details}")

    def raise_any(self) -> None:
        """Raise one error for all.

        Raises
        ------
        UnsupportedOperatorError
        """
        if not self._reasons:
            return
        kinds = set(self._reasons.values())
        if len(kinds) == 1:
            reason = kinds.pop()
        else:
            reason = "; ".join(f"{name}: {why}" for name, why in sorted(self._reasons.items()))
        details = "\n".join(self._details)
        raise UnsupportedOperatorError(self._source, list(self._reasons), reason, details=details)


class Graph:
    """One subgraph under conversion.

    Attributes
    ----------
    tensors : dict of int to Tensor
        As the file has them; constants that were computed on the way, and shapes that the file
        leaves open, are entered here.
    """

    def __init__(
        self,
        file: ModelFile,
        number: int,
        builder: Any,
        refusals: Refusals,
        operators: OperatorTable,
        variables: Variables,
        callers: tuple[int, ...] = (),
    ):
        self.number = number
        self._callers = (*callers, number)
        self.variables = variables
        self.file = file
        self.subgraph = file.subgraphs[number]
        self.tensors = dict(enumerate(file.tensors[number]))
        self.builder = builder
        self.refusals = refusals
        self.operators = operators
        self._values: dict[int, Any] = {}
        self._importer = TvmImporter(file, self.subgraph, self.tensors, builder)

    def set_value(self, index: int, value: Any) -> None:
        """Give a tensor its value."""
        self._values[index] = value

    def value(self, tensor: Tensor) -> Any:
        """The Relax expression of a tensor, as it is stored."""
        if tensor.index not in self._values:
            relax: Any = load("tvm.relax", "compile models")
            if tensor.data is None:
                raise CompileError(f"nothing computes tensor {tensor.index} ({tensor.name!r})")
            self._values[tensor.index] = relax.const(tensor.data, tensor.dtype)
        return self._values[tensor.index]

    def convert(self) -> None:
        """Convert every operator in the file's order, which is one that they can run in."""
        for position in range(self.subgraph.OperatorsLength()):
            operator = self.subgraph.Operators(position)
            name, custom = self.file.operator_name(operator)
            outputs = [self.tensors[i] for i in indices(operator.OutputsAsNumpy())]
            try:
                results = self._results(name, custom, operator, outputs)
                operands = [i for i in indices(operator.InputsAsNumpy()) if i >= 0]
                constant = all(self.tensors[i].data is not None for i in operands)
                self._accept(outputs, results, constant)
            except Exception as error:  # TVM's importer raises many types
                self._refuse(name, operator, error)
                for tensor in outputs:
                    self._values[tensor.index] = self.builder.emit(_stand_in(tensor))

    def _refuse(self, name: str, operator: Any, error: Exception) -> None:
        """Note an operator that failed. What TVM's importer says is about TVM, not the file."""
        if isinstance(error, (_Refused, CompileError)):
            self.refusals.add(name, str(error))
            return
        ends = [
            ", ".join(_form(self.tensors[i]) for i in indices(numbers) if i >= 0)
            for numbers in (operator.InputsAsNumpy(), operator.OutputsAsNumpy())
        ]
        reason = f"not supported in this form: {ends[0] or 'nothing'} to {ends[1] or 'nothing'}"
        self.refusals.add(name, reason, details=f"{type(error).__name__}: {error}")

    def _results(
        self, name: str, custom: bool, operator: Any, outputs: Sequence[Tensor]
    ) -> list[Any]:
        inputs = tuple(
            None if i < 0 else self.tensors[i] for i in indices(operator.InputsAsNumpy())
        )
        context = OperatorContext(
            name,
            operator,
            inputs,
            tuple(outputs),
            tuple(self.tensors[i] for i in indices(operator.IntermediatesAsNumpy())),
            self.file.options(operator),
            self.builder,
            self.operators,
            self.value,
            self.number,
            self.variables,
            self._call,
        )
        check(context)
        for convert in converters(name):
            result = convert(context)
            if result == []:  # it has an effect, but no results
                return []
            if result is not None:
                return _as_list(result, len(outputs))
        if custom:
            raise _Refused(_custom(name))
        if not self._importer.knows(name):
            raise _Refused("an operator which this compiler does not know")
        return self._by_tvm(name, context)

    def _call(self, number: int, values: list[Any]) -> list[Any]:
        """Convert another subgraph in place."""
        if number in self._callers or not 0 <= number < len(self.file.subgraphs):
            raise _Refused(f"it calls subgraph {number}, which calls it or is not there")
        graph = Graph(
            self.file,
            number,
            self.builder,
            self.refusals,
            self.operators,
            self.variables,
            self._callers,
        )
        inputs = indices(graph.subgraph.InputsAsNumpy())
        if len(inputs) != len(values):
            raise _Refused(f"it gives {len(values)} tensors to a subgraph that takes {len(inputs)}")
        for index, value in zip(inputs, values, strict=True):
            if isinstance(value, np.ndarray):
                graph.tensors[index] = dataclasses.replace(graph.tensors[index], data=value)
            else:
                graph.set_value(index, value)
        graph.convert()
        results = [graph.tensors[i] for i in indices(graph.subgraph.OutputsAsNumpy())]
        return [t.data if t.data is not None else graph.value(t) for t in results]

    def _by_tvm(self, name: str, context: OperatorContext) -> list[Any]:
        inputs = [tensor for tensor in context.inputs if tensor is not None]
        view = _view(name, inputs, context.outputs)
        values = {}
        for tensor in inputs:
            sparse = self.subgraph.Tensors(tensor.index).Sparsity() is not None
            if tensor.data is None and not sparse:  # DENSIFY reads sparse ones from the file
                value = self.value(tensor)
                if view is View.FLOAT and tensor.quantized:
                    value = self.builder.emit(dequantize(value, tensor))
                values[tensor.index] = value
        result = self._importer.convert(name, context.operator, view, values)
        results = _as_list(result, len(context.outputs)) if context.outputs else []
        if view is View.FLOAT:
            return [
                quantize(self.builder.emit(value), tensor) if tensor.quantized else value
                for value, tensor in zip(results, context.outputs, strict=True)
            ]
        return results

    def _accept(self, outputs: Sequence[Tensor], results: Sequence[Any], constant: bool) -> None:
        """Enter an operator's results after comparing them with the file's word on them.

        Those of an operator whose operands are all constants become constants.
        """
        for tensor, result in zip(outputs, results, strict=bool(results)):
            value = self.builder.normalize(result)
            shape, dtype = tuple(int(e) for e in value.ty.shape), str(value.ty.dtype)
            if any(extent < 1 for extent in shape):
                raise _Refused(f"its result has the shape {shape}")
            if dtype != tensor.dtype:
                raise _Refused(
                    f"imported as {dtype}, but the file says {tensor.dtype} of {tensor.name!r}"
                )
            if shape != tensor.shape and not self._open(tensor):
                raise _Refused(
                    f"imported with shape {shape}, but the file says {tensor.shape} of "
                    f"{tensor.name!r}"
                )
            data = fold(value, self.builder) if constant or is_constant(value) else None
            self.tensors[tensor.index] = dataclasses.replace(tensor, shape=shape, data=data)
            if data is None:
                self._values[tensor.index] = self.builder.emit(value)

    def _open(self, tensor: Tensor) -> bool:
        """Whether the file leaves the shape of a tensor open."""
        raw = self.subgraph.Tensors(tensor.index)
        signature = raw.ShapeSignatureAsNumpy()
        return tensor.shape == () or (
            not isinstance(signature, int) and bool((signature < 0).any())
        )


class _Refused(Exception):
    """Why an operator is not converted, as the end of a sentence."""


def _custom(name: str) -> str:
    if name.startswith("Signal"):
        return (
            "a custom operator of TensorFlow Lite Micro's audio front end; convert the model from "
            "the features on, and compute those in the application"
        )
    return "a custom operator, which this compiler does not know"


def _form(tensor: Tensor) -> str:
    constant = "constant " if tensor.data is not None else ""
    return f"{constant}{tensor.dtype} {list(tensor.shape)}"


def _as_list(result: Any, count: int) -> list[Any]:
    if isinstance(result, (list, tuple)):
        return list(result)
    return [result] if count == 1 else [result[i] for i in range(count)]


def _stand_in(tensor: Tensor) -> Any:
    """Takes the place of a refused operator's result, so that the others can be looked at."""
    relax: Any = load("tvm.relax", "compile models")
    dtype = "float32" if tensor.dtype.startswith("type ") else tensor.dtype
    return relax.op.zeros(tensor.shape, dtype)


def _view(name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> View:
    both = [tensor for tensor in (*inputs, *outputs) if tensor.quantized]
    moved = [tensor for tensor in both if tensor.quantized_activation]
    if not both:
        return View.INTEGER
    if name in _BY_TVM_QUANTIZED and moved:
        return View.QUANTIZED
    if name in _MOVES and all(moved[0].same_quantization(other) for other in moved):
        return View.INTEGER
    return View.FLOAT


def import_graph(
    file: ModelFile, shapes: Mapping[str, Sequence[int]], rounding: Rounding
) -> ImportedModel:
    """Import a file's model.

    Raises
    ------
    UnsupportedOperatorError
        Naming all operators that stand in the way.
    CompileError
        If ``shapes`` contradicts the file.
    """
    relax: Any = load("tvm.relax", "compile models")
    builder = relax.BlockBuilder()
    refusals = Refusals(file.source)
    operators = OperatorTable(rounding)
    variables = Variables()
    graph = file.subgraphs[0]
    inputs = [file.tensors[0][i] for i in indices(graph.InputsAsNumpy())]
    outputs = indices(graph.OutputsAsNumpy())
    input_names = [tensor.name or f"input{i}" for i, tensor in enumerate(inputs)]
    _check_ends(file, inputs, [file.tensors[0][i] for i in outputs])
    _check_shapes(file, inputs, shapes)
    with builder.function("main"):
        with builder.dataflow():
            main = Graph(file, 0, builder, refusals, operators, variables)
            parameters = []
            for name, tensor in zip(input_names, inputs, strict=True):
                variable = relax.Var(name, relax.TensorType(tensor.shape, tensor.dtype))
                main.set_value(tensor.index, variable)
                parameters.append(variable)
            main.convert()
            results = [main.value(main.tensors[i]) for i in outputs]
            results += variables.next_values
            result = builder.emit_output(results[0] if len(results) == 1 else relax.Tuple(results))
        builder.emit_func_output(result, parameters + variables.parameters)
    refusals.raise_any()
    output_names = [file.tensors[0][index].name or f"output{i}" for i, index in enumerate(outputs)]
    ends = [file.tensors[0][index] for index in outputs]
    return ImportedModel(
        module=RoundAveragePool()(builder.get()),
        input_names=input_names,
        output_names=output_names,
        source=file.source,
        operators=operators,
        states=variables.states,
        declared=Interface(
            tuple(map(_declared, input_names, inputs)), tuple(map(_declared, output_names, ends))
        ),
    )


def _declared(name: str, tensor: Tensor) -> TensorInfo:
    """What the file says of an input or output."""
    if tensor.scales.size != 1 or not tensor.quantized_activation:
        return TensorInfo(name, tensor.shape, tensor.dtype)
    return TensorInfo(name, tensor.shape, tensor.dtype, tensor.scale, tensor.zero_point)


def _check_ends(file: ModelFile, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    if not outputs:
        raise CompileError(f"{file.source}: the model has no outputs")
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for tensor in tensors:
            if tensor.dtype.startswith("type ") or any(extent < 1 for extent in tensor.shape):
                raise CompileError(
                    f"{file.source}: {kind} {tensor.name!r} is {tensor.dtype} {list(tensor.shape)}:"
                    " inputs and outputs are numbers or bools, and have at least one element"
                )


def _check_shapes(
    file: ModelFile, inputs: Sequence[Tensor], shapes: Mapping[str, Sequence[int]]
) -> None:
    for tensor in inputs:
        wanted = shapes.get(tensor.name)
        if wanted is not None and tuple(wanted) != tensor.shape:
            raise CompileError(
                f"{file.source}: input {tensor.name} has the shape {tensor.shape}, which a "
                "TensorFlow Lite file fixes for every tensor; convert the model again for "
                f"{tuple(wanted)}"
            )
