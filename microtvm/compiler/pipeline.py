# SPDX-License-Identifier: Apache-2.0
"""From a model to C: import, lower, print, plan, assemble."""

from __future__ import annotations

import os
import pathlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .arena import plan
from .compiled import CompiledModel, KernelInfo
from .dependencies import load
from .emit.descriptor import descriptor
from .emit.header import header
from .emit.kernel_headers import carried
from .emit.source import print_kernels, source
from .errors import CompileError
from .frontends import read_file
from .frontends import relax as relax_frontend
from .frontends.imported import ImportedModel
from .layers import layers
from .lower import lower
from .operators import Operator
from .operators.cmsis_nn import CmsisCall, Kernels, cmsis_nn_forms
from .operators.requantize import Rounding
from .program import Block, Place, Program, Space, TensorInfo
from .shared_arena import shared_arena

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def compile(
    model: Any,
    *,
    name: str = "default",
    params: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    rounding: Rounding = "single",
    kernels: Kernels = "own",
    cmsis_path: str | os.PathLike[str] | None = None,
    check: bool = False,
    check_inputs: str | os.PathLike[str] | None = None,
) -> CompiledModel:
    """Compile a trained model to C.

    Parameters
    ----------
    model : str, os.PathLike or tvm.IRModule
        A ``.tflite``, ``.onnx`` or ``.pt2`` file (the last one from ``torch.export.save``), or a
        Relax module whose function ``main`` takes the inputs.
    name : str
        Begins every C name: lower-case letters, digits and underscores, a letter first.
    params : mapping of str to array, optional
        Weights for parameters of a Relax module's ``main``, by name.
    shapes : mapping of str to sequence of int, optional
        Shapes of inputs that an ONNX file leaves open, by name.
    rounding : {"single", "double"}
        How the integers of a quantized TensorFlow Lite model are rounded: once, as LiteRT does by
        default, or twice, as its reference kernels and TensorFlow Lite Micro do.
    kernels : {"own", "cmsis-nn"}
        Whether operators in integers call CMSIS-NN, Arm's kernels, where those give the same
        integers. A template then wants the sources as its option ``cmsis_path``.
    cmsis_path : str or os.PathLike, optional
        CMSIS-NN's sources, for the check on this machine; otherwise the environment's CMSIS_PATH.
        Without either, the check runs our own kernels and says so.
    check : bool
        Compare the generated code's answers with those of the model's own runtime, on this machine
        (`microtvm.compiler.verify`); for model files.
    check_inputs : str or os.PathLike, optional
        Samples to compare on, an ``.npz`` file as ``microtvm run`` takes it; implies ``check``.

    Returns
    -------
    CompiledModel

    Raises
    ------
    ModelFileError
        If the file is missing, damaged or of no known format.
    MissingDependencyError
        If TVM or the package that reads this format is not installed.
    UnsupportedOperatorError
        If an operator of the model cannot be compiled.
    WrongAnswersError
        If the check found other answers than the model's own runtime gives.
    CompileError
        For anything else that stands in the way; the base class of the others.
    """
    if rounding not in ("single", "double"):
        raise CompileError(f"rounding is single or double, not {rounding!r}")
    if kernels not in ("own", "cmsis-nn"):
        raise CompileError(f"kernels are own or cmsis-nn, not {kernels!r}")
    if cmsis_path is not None and kernels != "cmsis-nn":
        raise CompileError("cmsis_path goes with the kernels cmsis-nn")
    if not _NAME.match(name):
        raise CompileError(
            f"the model name {name!r} cannot begin C names: use lower-case letters, digits and "
            "underscores, a letter first"
        )
    is_file = isinstance(model, (str, os.PathLike))
    times = _Times()
    if not is_file or pathlib.Path(model).is_file():  # one that is not there is told of at once
        load("tvm", "compile models")
        times.lap("tvm")
    if is_file:
        if params:
            raise CompileError("params go with a Relax module; a model file holds its weights")
        imported = read_file(pathlib.Path(model), shapes or {}, rounding)
    else:
        if shapes:
            raise CompileError("shapes go with a model file; a Relax module has its shapes")
        if rounding != "single":
            raise CompileError("rounding goes with a model file; a Relax module has its own")
        if check or check_inputs is not None:
            raise CompileError("a Relax module has no runtime of its own to be checked beside")
        imported = relax_frontend.read(model, params)

    times.lap("model")
    compiled = compile_imported(imported, name, kernels)
    times.lap("code")
    if not check and check_inputs is None:
        return replace(compiled, seconds=times.seconds)
    from .verify import verify

    inputs = None if check_inputs is None else pathlib.Path(check_inputs)
    sources = cmsis_path or os.environ.get("CMSIS_PATH")
    instead = None
    if compiled.cmsis_nn and not sources:
        instead = compile_imported(imported, name)
    verification = verify(compiled, pathlib.Path(model), inputs, sources, instead)
    times.lap("check")
    return replace(compiled, verification=verification, seconds=times.seconds)


class _Times:
    """What the steps take, by name, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Say what has taken the time since the last one."""
        now = time.perf_counter()
        self.seconds[name], self._last = round(now - self._last, 3), now


def compile_imported(imported: ImportedModel, name: str, kernels: Kernels = "own") -> CompiledModel:
    """Lower an imported model, print it, plan its arena and gather the archive's files."""
    if kernels == "cmsis-nn":
        imported = replace(imported, operators=cmsis_nn_forms(imported.operators))
    prefix = f"tvmgen_{name}"
    program = lower(imported, prefix)
    program.inputs = _distinct(program.inputs)
    program.outputs = _distinct(program.outputs)
    texts, helpers = print_kernels(program, imported.source)
    _place_temporaries(program)
    program.offsets, program.arena_bytes = plan(program.blocks)
    program.shared = shared_arena(program)

    inputs, outputs = tuple(program.inputs), tuple(program.outputs)
    workspace_bytes = program.arena_bytes + program.state_bytes
    shared_bytes = program.shared.nbytes + program.state_bytes
    has_state = bool(program.states)
    files = {
        f"codegen/host/include/{prefix}.h": header(
            prefix, inputs, outputs, workspace_bytes, shared_bytes, has_state
        ),
        f"codegen/host/src/{name}_lib0.c": source(prefix, program, texts, helpers),
        f"codegen/host/src/{name}_lib1.c": descriptor(
            prefix, name, inputs, outputs, program.constant_bytes, has_state
        ),
        **{f"codegen/host/include/{file}": text for file, text in carried(program).items()},
        f"src/{name}.relax": imported.module.script(show_meta=False),
    }
    return CompiledModel(
        name=name,
        inputs=inputs,
        outputs=outputs,
        kernels=tuple(KernelInfo(k.name, sum(k.temporaries)) for k in program.kernels),
        layers=layers(
            program, {k.name: text for k, text in zip(program.kernels, texts, strict=True)}
        ),
        constant_bytes=program.constant_bytes,
        cmsis_nn=imported.operators.rounding if _calls_cmsis_nn(program) else None,
        workspace_bytes=workspace_bytes,
        workspace_with_io_bytes=shared_bytes,
        notes=tuple(imported.notes),
        files={
            **{path: text.encode() for path, text in files.items()},
            f"parameters/{name}.params": _parameters(program),
        },
    )


def _calls_cmsis_nn(program: Program) -> bool:
    """Whether any kernel is a call of CMSIS-NN."""
    return any(isinstance(kernel.body, CmsisCall) for kernel in program.kernels)


def _distinct(tensors: Sequence[TensorInfo]) -> list[TensorInfo]:
    """The tensors, renamed where a name comes twice (a tensor may be returned twice)."""
    used: set[str] = set()
    result = []
    for tensor in tensors:
        name, number = tensor.name, 1
        while name in used:
            name = f"{tensor.name}_{number}"
            number += 1
        used.add(name)
        result.append(replace(tensor, name=name))
    return result


def _place_temporaries(program: Program) -> None:
    """Give every call arena blocks for its kernel's temporaries, needed during that call only."""
    for index, call in enumerate(program.calls):
        places = []
        for nbytes in call.kernel.temporaries:
            places.append(Place(Space.ARENA, len(program.blocks)))
            program.blocks.append(Block(nbytes, index, index))
        program.calls[index] = replace(call, arguments=(*call.arguments, *places))


def _parameters(program: Program) -> bytes:
    """The weights in TVM's parameter format, named as in the C source."""
    runtime = load("tvm.runtime", "write parameters")
    tensors = {f"constant_{i}": runtime.tensor(array) for i, array in enumerate(program.constants)}
    for kernel in program.kernels:
        if isinstance(kernel.body, Operator):
            for constant in kernel.body.constants:
                tensors[f"{kernel.name}_{constant.name}"] = runtime.tensor(constant.plain)
    return bytes(runtime.save_param_dict(tensors))
