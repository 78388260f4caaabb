# SPDX-License-Identifier: Apache-2.0
"""A compile that checks itself: the generated C beside the model's own runtime, on this machine.

`verify` builds what was generated with the host's compiler, runs it and the runtime that the
model's format comes from on the same inputs, and compares. A runtime is a file here and a line in
``RUNTIMES``.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import MicroTVMError
from ...samples import Tensor, load_inputs
from ..compiled import CompiledModel
from ..dtypes import numpy_dtype
from .comparison import OutputCheck, compare
from .host_build import HostBuild
from .random_inputs import random_inputs
from .runtime import Array, NoRuntimeError, RefusedInputsError
from .verification import Verification, WrongAnswersError

__all__ = ["OutputCheck", "Verification", "WrongAnswersError", "verify"]

# Suffix of the file, the module here that runs it, and the package that this takes.
RUNTIMES = {
    ".tflite": ("litert", "ai_edge_litert"),
    ".onnx": ("onnx_runtime", "onnxruntime"),
    ".pt2": ("torch_export", "torch"),
}

_WITHOUT_CMSIS_NN = (
    "with microtvm's own kernels, as there is no CMSIS-NN here: name its sources with "
    "--cmsis-path or in CMSIS_PATH"
)


def verify(
    compiled: CompiledModel,
    model: pathlib.Path,
    inputs: pathlib.Path | None = None,
    cmsis_path: str | os.PathLike[str] | None = None,
    instead: CompiledModel | None = None,
) -> Verification:
    """Compare a compiled model's answers with those of the model's own runtime.

    Parameters
    ----------
    compiled : CompiledModel
    model : pathlib.Path
        The file that it was compiled from.
    inputs : pathlib.Path, optional
        An ``.npz`` file with samples, as ``microtvm run`` takes it; seeded random numbers without.
    cmsis_path : str or os.PathLike, optional
        CMSIS-NN's sources, for a model that calls it.
    instead : CompiledModel, optional
        What to run, and say so, where there are no such sources: the model with our kernels.

    Returns
    -------
    Verification
        With a note instead of results where the runtime or a C compiler is not installed, or the
        runtime refuses the model. What was asked for with ``inputs`` is done or an error.

    Raises
    ------
    WrongAnswersError
        The answers differ by more than the tolerance.
    SampleError
        The file of inputs does not fit the model.
    MicroTVMError
        ``cmsis_path`` holds no sources of CMSIS-NN's release, the generated C does not compile, or
        ``inputs`` cannot be run.
    """
    name, package = RUNTIMES[model.suffix.lower()]
    module: Any = importlib.import_module(f".{name}", __name__)
    try:
        if importlib.util.find_spec(package) is None:
            module.Runtime(model, compiled)  # which says what is missing
        # The compiler works while the runtime is imported and answers.
        with HostBuild(instead or compiled, cmsis_path) as build:
            runtime = module.Runtime(model, compiled)
            samples = _samples(compiled, inputs)
            try:
                try:
                    references = runtime.answers(samples)
                except RefusedInputsError:
                    # Something is divided by one of the integers, which may have been a zero.
                    others = random_inputs(compiled, zeros=False)
                    if inputs is not None or all(map(np.array_equal, others, samples)):
                        raise
                    samples = others
                    references = runtime.answers(samples)
            finally:
                ours = build.answers(samples)
    except NoRuntimeError as error:
        if inputs is not None:
            raise MicroTVMError(f"the answers cannot be checked: {error}") from error
        return Verification(str(model), note=f"not checked: {error}")
    checks = compare(compiled.outputs, ours, references, runtime.scales(), runtime.is_approximate)
    remark = _WITHOUT_CMSIS_NN if instead else ""
    result = Verification(str(model), runtime.name, len(samples[0]), checks, remark=remark)
    result.require_right()
    return result


def _samples(compiled: CompiledModel, path: pathlib.Path | None) -> Sequence[Array]:
    """For each input its samples: a file's, or seeded random numbers."""
    if path is None:
        return random_inputs(compiled)
    tensors = [Tensor(t.name, t.shape, numpy_dtype(t.dtype)) for t in compiled.inputs]
    values = load_inputs(path, tensors).values
    return [values[tensor.name] for tensor in tensors]
