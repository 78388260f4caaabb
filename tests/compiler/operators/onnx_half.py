# SPDX-License-Identifier: Apache-2.0
"""ONNX's half of docs/operators.md."""

from __future__ import annotations

import hashlib
import pathlib
import tempfile
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from microtvm.compiler import CompiledModel, TensorInfo, compile
from microtvm.compiler.errors import CompileError
from microtvm.compiler.frontends.onnx.integers.registry import known_operators
from microtvm.compiler.frontends.onnx.integers.site import ELEMENTWISE, FUNCTION
from microtvm.compiler.verify.comparison import compare
from microtvm.compiler.verify.host_build import HostBuild
from microtvm.compiler.verify.onnx_runtime import Runtime
from microtvm.compiler.verify.runtime import NoRuntimeError, stacked

from . import onnx_cases
from .outcomes import DIFFERS, NO_FORM, REFUSED, Case, Outcome, computed
from .page import Half


def _quantized() -> str:
    """The operators that run in integers where they stand between two conversions."""
    names = sorted({*known_operators(), *ELEMENTWISE} - {FUNCTION})
    return textwrap.fill(", ".join(f"`{name}`" for name in names), 100)


_FIRST, _LAST = onnx_cases.OPSETS[0], onnx_cases.OPSETS[-1]
_INTRODUCTION = f"""\
Every operator of ONNX's own (ai.onnx; ai.onnx.ml's trees and tables are not compiled) that is in
force in an operator set from {_FIRST} to {_LAST}, in every form that it has there, in a small model
for each element type of its data: compiled, built with the host's compiler, and run beside
ONNX Runtime, or onnx's reference evaluator where that has no kernel. Floats are compared with the
tolerance that `microtvm compile` has, integers have to be equal (but for one or two steps where
the operator quantizes).

- **runs**, **in float**, **refused**, **differs**: as above; where forms of an operator fare
  differently, the operator sets stand behind;
- none: neither runtime computes it;
- empty: ONNX has no such form. Of uint16, uint32, uint64, float64 nothing is said here; string is
  tried where an operator has nothing else.

Models of int8 and uint8 in QDQ form: between DequantizeLinear and QuantizeLinear these run in
integers, at most one quantum from ONNX Runtime (element-wise ones of two tensors: `Add`, `Sub`,
`Mul`, `Div`, `Max`, `Min`, `PRelu`; others of one):

{_quantized()}

Of recurrent layers ONNX Runtime's tool quantizes LSTM alone, and that only to an operator of its
own with scales that are computed in each run (`com.microsoft.DynamicQuantizeLSTM`), which is
refused; `GRU` and `RNN` it leaves as they are."""

# Of the reference evaluator, some of whose kernels are loops in Python.
_SAMPLES = 2


def _references(
    model: Any, path: pathlib.Path, compiled: CompiledModel, inputs: Sequence[np.ndarray]
) -> list[list[np.ndarray]]:
    """For each set of kernels, for each output its samples.

    Raises
    ------
    NoRuntimeError
        Where neither runtime computes the model.
    """
    from onnx.reference import ReferenceEvaluator

    try:
        return Runtime(path, compiled).answers(inputs)
    except NoRuntimeError as error:
        said = str(error)
    names = [tensor.name for tensor in compiled.inputs]
    try:
        evaluator = ReferenceEvaluator(model)
        samples = [
            [np.asarray(r) for r in evaluator.run(None, dict(zip(names, sample, strict=True)))]
            for sample in zip(*(array[:_SAMPLES] for array in inputs), strict=True)
        ]
    except Exception as error:  # it raises whatever its kernels do
        first = (str(error).strip() or repr(error)).splitlines()[0]
        raise NoRuntimeError(f"{said}; onnx's reference evaluator: {first}") from error
    return [[_as_said(a, t, said) for a, t in zip(stacked(samples), compiled.outputs, strict=True)]]


def _as_said(answer: np.ndarray, tensor: TensorInfo, said: str) -> np.ndarray:
    """The reference evaluator's answer in the type of the output: it computes some in float32."""
    if answer.dtype.name == tensor.dtype:
        return answer
    if answer.dtype.kind == "f" and tensor.dtype.startswith("float"):
        return answer.astype(tensor.dtype)
    raise NoRuntimeError(
        f"{said}; onnx's reference evaluator gives {answer.dtype} for {tensor.dtype}"
    )


_answered: dict[bytes, list[np.ndarray]] = {}


def _answers(compiled: CompiledModel, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the code answers; from before where the same code was given the same."""
    digest = hashlib.sha256()
    for name, content in sorted(compiled.files.items()):
        if name.startswith("codegen/"):
            digest.update(content)
    for array in inputs:
        digest.update(array.tobytes())
    key = digest.digest()
    if key not in _answered:
        with HostBuild(compiled) as build:
            _answered[key] = build.answers(inputs)
    return _answered[key]


def _compared(
    case: onnx_cases.Case,
    compiled: CompiledModel,
    ours: Sequence[np.ndarray],
    references: Sequence[Sequence[np.ndarray]],
) -> str:
    """How answers differ; empty where they do not."""
    for tensor, mine, theirs in zip(compiled.outputs, ours, references[0], strict=True):
        if (mine.dtype, mine.shape) != (theirs.dtype, theirs.shape):
            return f"output {tensor.name} is {mine.dtype}{mine.shape[1:]}, " + (
                f"not {theirs.dtype}{theirs.shape[1:]}"
            )
    narrow = ("int8", "uint8", "int16")
    scales = [1.0 if case.quantized and t.dtype in narrow else None for t in compiled.outputs]
    checks = compare(compiled.outputs, ours, references, scales, False)
    return "; ".join(f"output {check}" for check in checks if not check.is_right)


def judge(case: Case, run: bool) -> Outcome:
    """See `outcomes.Judge`."""
    import onnx

    made = onnx_cases.case(case.operator, case.dtype, case.version)
    model = made.model()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        onnx.save(model, path)
        try:
            compiled = compile(path)
        except CompileError as error:
            return Outcome(REFUSED, str(error).replace(f"{path}: ", "").replace(str(path), "it"))
        if not run:
            return Outcome(computed(compiled))
        inputs = made.samples()
        try:
            references = _references(model, path, compiled, inputs)
        except NoRuntimeError as error:
            return Outcome(NO_FORM, str(error))
    try:
        ours = _answers(compiled, inputs)
    except CompileError as error:
        return Outcome(DIFFERS, str(error))
    ours = [array[: len(references[0][0])] for array in ours]
    differences = _compared(made, compiled, ours, references)
    return Outcome(DIFFERS, differences) if differences else Outcome(computed(compiled))


HALF = Half(
    title="ONNX",
    introduction=_INTRODUCTION,
    types=tuple(onnx_cases.ONNX_NAMES),
    cases=tuple(Case(*case) for case in onnx_cases.cases()),
    words="In the words of `compile` and of the runtimes:",
    judge=judge,
    versions=onnx_cases.OPSETS,
)
