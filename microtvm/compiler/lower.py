# SPDX-License-Identifier: Apache-2.0
"""From an imported model to a `Program`: run the passes, then read what they leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .at_fault import graph_fault, kernel_fault, operator_name
from .dependencies import load
from .dtypes import ELEMENT_TYPES
from .emit.names import identifiers
from .errors import CompileError, UnsupportedOperatorError
from .frontends.imported import ImportedModel
from .fuse_operators import fuse
from .interface import Interface, agreed
from .operators import Operator
from .passes import graph_passes, kernel_passes
from .program import Block, Call, Copy, Kernel, Place, Program, Space, TensorInfo
from .states import state_copies


def tensor_info(name: str, type_: Any, source: str) -> TensorInfo:
    """Name, shape and element type of a Relax tensor.

    Raises
    ------
    CompileError
        If it is no tensor, a dimension is not a constant, it has no elements, or they are of a type
        that no board could hold.
    """
    shape = getattr(type_, "shape", None)
    if shape is None or not hasattr(type_, "dtype"):
        raise CompileError(f"{source}: {name} is not a tensor of known shape but {type_}")
    extents = []
    for extent in shape:
        if not hasattr(extent, "value"):
            raise CompileError(
                f"{source}: {name} has the open dimension {extent}; a board needs fixed shapes"
            )
        extents.append(int(extent))
    info = TensorInfo(name, tuple(extents), str(type_.dtype))
    if info.dtype not in ELEMENT_TYPES:
        raise CompileError(
            f"{source}: {name} is of the type {info.dtype}, which no board holds; export the model "
            f"with one of {', '.join(ELEMENT_TYPES)}"
        )
    if info.nbytes == 0:
        raise CompileError(f"{source}: {name} has no elements (shape {info.shape})")
    return info


def lower(model: ImportedModel, prefix: str) -> Program:
    """Lower a model.

    Parameters
    ----------
    model : ImportedModel
    prefix : str
        Begins the name of every kernel.

    Returns
    -------
    Program
        Arena not planned yet: temporaries are known only once kernels are printed.
    """
    tvm: Any = load("tvm", "compile models")
    _refuse_training(model)
    with tvm.target.Target("c"), tvm.transform.PassContext(opt_level=3):
        passes = graph_passes()
        try:
            module = tvm.transform.Sequential(passes)(model.module)
        except Exception as error:  # TVM raises many types
            raise graph_fault(model.source, model.module, passes, error) from error
        reader = _MainReader(module, model, prefix)
        program = reader.program()
        try:
            _lower_kernels(tvm, program.kernels, reader.kernel_functions)
        except Exception as error:  # TVM raises many types
            raise kernel_fault(
                model.source,
                program.calls,
                lambda kernel: _lower_kernels(tvm, [kernel], reader.kernel_functions),
                error,
            ) from error
    return program


def _refuse_training(model: ImportedModel) -> None:
    """Batch normalization by the batch's own statistics has no place in inference on a board."""
    relax: Any = load("tvm.relax", "compile models")
    found: list[str] = []

    def visit(expression: Any) -> None:
        name = getattr(getattr(expression, "op", None), "name", "")
        if name == "relax.nn.batch_norm" and expression.attrs.training:
            found.append("nn.batch_norm")

    for function in model.module.functions.values():
        if isinstance(function, relax.Function):
            relax.analysis.post_order_visit(function, visit)
    if found:
        raise UnsupportedOperatorError(
            model.source, found, "it is in training mode; export the model for inference"
        )


def _lower_kernels(tvm: Any, kernels: list[Kernel], functions: dict[str, Any]) -> None:
    """Run the kernel passes on all of TVM's kernels at once, and give each its result."""
    target = tvm.target.Target("c")
    module = tvm.IRModule(
        {
            k.name: functions[k.name].with_attr("global_symbol", k.name).with_attr("target", target)
            for k in kernels
            if k.name in functions
        }
    )
    if not module.functions:
        return
    module = tvm.transform.Sequential(kernel_passes())(module)
    for kernel in kernels:
        if kernel.name in functions:
            kernel.body = module[kernel.name]


class _MainReader:
    """Reads ``main`` after the graph passes: a straight line of calls and renamings."""

    def __init__(self, module: Any, model: ImportedModel, prefix: str):
        self._relax: Any = load("tvm.relax", "compile models")
        self._module = module
        self._model = model
        self._prefix = prefix
        self._values: dict[int, Any] = {}  # variable -> Place or (nested) tuple of them
        self._constants: list[np.ndarray] = []
        self._constant_index: dict[tuple[str, bytes], int] = {}
        self._kernels: dict[str, Kernel] = {}
        self._calls: list[Call] = []
        self._sizes: list[int] = []
        self._defined: list[int] = []
        self._last_use: list[int] = []
        self.kernel_functions: dict[str, Any] = {}

    def program(self) -> Program:
        """Read it all."""
        main = self._module["main"]
        inputs = []
        parameters = main.params[: len(main.params) - len(self._model.states)]
        for index, variable in enumerate(main.params[len(parameters) :]):
            self._values[hash(variable)] = Place(Space.STATE, index)
        for index, (variable, name) in enumerate(
            zip(parameters, self._model.input_names, strict=True)
        ):
            inputs.append(tensor_info(f"input {name}", variable.ty, self._model.source))
            inputs[-1] = TensorInfo(name, inputs[-1].shape, inputs[-1].dtype)
            self._values[hash(variable)] = Place(Space.INPUT, index)
        if not inputs:
            raise CompileError(f"{self._model.source}: the model has no inputs")
        for block in main.body.blocks:
            for binding in block.bindings:
                self._values[hash(binding.var)] = self._value(binding)
        result = self._operand(main.body.body)
        returned = list(_flatten(result))
        self._calls = fuse(self._calls, returned, self._operator_kernel)
        called = {call.kernel.name for call in self._calls}
        self._kernels = {k: v for k, v in self._kernels.items() if v.name in called}
        returned, next_states = _split(returned, len(self._model.states))
        types, _ = _split(list(_flatten_types(main.ret_ty)), len(self._model.states))
        outputs = []
        for name, type_ in zip(self._model.output_names, types, strict=True):
            info = tensor_info(f"output {name}", type_, self._model.source)
            outputs.append(TensorInfo(name, info.shape, info.dtype))
        if self._model.declared is not None:
            imported = Interface(tuple(inputs), tuple(outputs))
            inputs, outputs = map(list, agreed(self._model.declared, imported, self._model.source))
        copies = self._bind_outputs(returned, outputs, next_states)
        return self._finish(inputs, outputs, copies)

    def _bind_outputs(
        self, returned: list[Place], outputs: list[TensorInfo], next_states: list[Place]
    ) -> list[Copy]:
        """Let kernels write outputs where they are wanted; copy what no kernel can."""
        moved: dict[Place, Place] = {}
        copies = []
        for index, place in enumerate(returned):
            target = Place(Space.OUTPUT, index)
            if place.space is Space.ARENA and place not in moved:
                moved[place] = target
            else:
                source = moved.get(place, place)
                copies.append(Copy(target, source, outputs[index].nbytes))
        self._calls = [
            replace(call, arguments=tuple(moved.get(place, place) for place in call.arguments))
            for call in self._calls
        ]
        return copies + state_copies(
            [moved.get(place, place) for place in next_states],
            [state.initial.nbytes for state in self._model.states],
            self._model.source,
        )

    def _finish(
        self, inputs: list[TensorInfo], outputs: list[TensorInfo], copies: list[Copy]
    ) -> Program:
        """Number the arena's blocks that are left, and note when each is needed."""
        end = len(self._calls)  # copies are made then
        kept = {copy.source for copy in copies}
        same = self._write_in_place(kept)
        copies = [Copy(c.target, same.get(c.source, c.source), c.nbytes) for c in copies]
        kept = {copy.source for copy in copies}
        blocks: list[Block] = []
        renumbered: dict[Place, Place] = {}
        used = {p for call in self._calls for p in call.arguments if p.space is Space.ARENA}
        for place in sorted(used, key=lambda p: p.index):
            renumbered[place] = Place(Space.ARENA, len(blocks))
            when = [i for i, call in enumerate(self._calls) if place in call.arguments]
            last = end if place in kept else when[-1]
            blocks.append(Block(self._sizes[place.index], when[0], last))
        calls = [
            replace(call, arguments=tuple(renumbered.get(place, place) for place in call.arguments))
            for call in self._calls
        ]
        return Program(
            inputs=inputs,
            outputs=outputs,
            constants=self._constants,
            kernels=list(self._kernels.values()),
            calls=calls,
            copies=[Copy(c.target, renumbered.get(c.source, c.source), c.nbytes) for c in copies],
            blocks=blocks,
            offsets=[],
            arena_bytes=0,
            states=[state.initial for state in self._model.states],
        )

    def _write_in_place(self, kept: set[Place]) -> dict[Place, Place]:
        """Let operators write over an input that nothing else needs any more, where they can.

        ``kept`` are those that are needed after the last call. Returns what lies where else now.
        """
        last = {place: index for index, call in enumerate(self._calls) for place in call.arguments}
        last.update(dict.fromkeys(kept, len(self._calls)))
        same: dict[Place, Place] = {}  # a tensor, and the one whose memory it takes over
        for index, call in enumerate(self._calls):
            *sources, target = call.arguments
            if not isinstance(call.kernel.body, Operator) or target.space is not Space.ARENA:
                continue
            overwritable = call.kernel.body.overwritable
            for operand in overwritable:
                source = sources[operand]
                twice = [i for i, place in enumerate(sources) if place == source]
                if (
                    source.space is Space.ARENA
                    and set(twice) <= set(overwritable)
                    and last[source] == index
                    and self._sizes[target.index] <= self._sizes[source.index]
                ):
                    same[target] = same.get(source, source)
                    break
        self._calls = [
            replace(call, arguments=tuple(same.get(place, place) for place in call.arguments))
            for call in self._calls
        ]
        return same

    def _value(self, binding: Any) -> Any:
        value = getattr(binding, "value", None)
        if value is None:
            raise self._unsupported(type(binding).__name__)
        node = type(value).__name__
        if node != "Call":
            return self._operand(value)
        name = operator_name(value)
        if name == "call_tir":
            return self._call_tir(value)
        if name == "reshape":
            return self._operand(value.args[0])
        if name in ("call_pure_packed", "call_dps_packed", "call_packed"):
            name = str(getattr(value.args[0], "global_symbol", name))
            if name in self._model.operators:
                return self._call_operator(self._model.operators[name], value)
        raise self._unsupported(name)

    def _unsupported(self, operator: str) -> UnsupportedOperatorError:
        return UnsupportedOperatorError(
            self._model.source,
            [operator],
            "TVM has no kernel for it that runs without TVM's runtime",
        )

    def _call_tir(self, call: Any) -> Any:
        variable = call.args[0]
        if len(call.args) > 2:
            raise UnsupportedOperatorError(
                self._model.source,
                [variable.name_hint],
                "the shape of its result is known only at run time",
            )
        sources = [self._operand(field) for field in call.args[1].fields]
        if not all(isinstance(place, Place) for place in sources):
            raise self._unsupported(f"{variable.name_hint} (on a tuple)")
        types = list(_flatten_types(call.ty))
        targets = []
        shape: tuple[int, ...] = ()
        for type_ in types:
            info = tensor_info(f"what {variable.name_hint} makes", type_, self._model.source)
            shape = shape or info.shape
            targets.append(Place(Space.ARENA, len(self._sizes)))
            self._sizes.append(info.nbytes)
        kernel = self._kernel(variable)
        self._calls.append(Call(kernel, (*sources, *targets), shape))
        return targets[0] if not hasattr(call.ty, "fields") else tuple(targets)

    def _call_operator(self, operator: Operator, call: Any) -> Place:
        sources = [self._operand(field) for field in call.args[1].fields]
        target = Place(Space.ARENA, len(self._sizes))
        self._sizes.append(operator.output.nbytes)
        kernel = self._operator_kernel(operator)
        self._calls.append(Call(kernel, (*sources, target), operator.output.shape))
        return target

    def _operator_kernel(self, operator: Operator) -> Kernel:
        kernel = Kernel(self._kernel_name(operator.name), operator.name, operator)
        self._kernels[kernel.name] = kernel
        return kernel

    def _kernel(self, variable: Any) -> Kernel:
        operator = variable.name_hint
        key = f"relax.{operator}"
        if key not in self._kernels:
            kernel = Kernel(self._kernel_name(operator), operator, None)
            self._kernels[key] = kernel
            self.kernel_functions[kernel.name] = self._module[variable]
        return self._kernels[key]

    def _kernel_name(self, operator: str) -> str:
        taken = [kernel.name.removeprefix(f"{self._prefix}_") for kernel in self._kernels.values()]
        return f"{self._prefix}_{identifiers([operator], reserved=['run', *taken])[0]}"

    def _operand(self, expression: Any) -> Any:
        node = type(expression).__name__
        if node in ("Var", "DataflowVar"):
            return self._values[hash(expression)]
        if node in ("GenericConst", "Constant"):
            return self._constant(expression)
        if node == "Tuple":
            return tuple(self._operand(field) for field in expression.fields)
        if node == "TupleGetItem":
            return self._operand(expression.tuple_value)[expression.index]
        raise self._unsupported(node)

    def _constant(self, expression: Any) -> Place:
        array = np.ascontiguousarray(expression.value.numpy())
        key = (array.dtype.name, array.tobytes())
        if key not in self._constant_index:
            self._constant_index[key] = len(self._constants)
            self._constants.append(array)
        return Place(Space.CONSTANT, self._constant_index[key])


def _split(items: list[Any], states: int) -> tuple[list[Any], list[Any]]:
    """What belongs to the outputs, and what to the states."""
    return items[: len(items) - states], items[len(items) - states :]


def _flatten(value: Any) -> Any:
    if isinstance(value, tuple):
        for item in value:
            yield from _flatten(item)
    else:
        yield value


def _flatten_types(type_: Any) -> Any:
    fields = getattr(type_, "fields", None)
    if fields is None:
        yield type_
    else:
        for field in fields:
            yield from _flatten_types(field)
