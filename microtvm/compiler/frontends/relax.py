# SPDX-License-Identifier: Apache-2.0
"""A Relax module that the caller built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..dependencies import load
from ..errors import CompileError
from .imported import ImportedModel, default_output_names

SOURCE = "the Relax module"


def output_count(main: Any) -> int:
    """Number of tensors that a Relax function returns."""
    fields = getattr(main.ret_ty, "fields", None)
    return 1 if fields is None else len(fields)


def read(module: Any, params: Mapping[str, Any] | None) -> ImportedModel:
    """Take over a Relax module.

    Parameters
    ----------
    module : tvm.IRModule
        With a function ``main``.
    params : mapping of str to array, optional
        Weights for parameters of ``main``, by name; the other parameters are the inputs.

    Raises
    ------
    CompileError
        If there is no ``main``, or a weight's name is none of its parameters.
    """
    tvm = load("tvm", "compile a Relax module")
    relax = load("tvm.relax", "compile a Relax module")
    if not isinstance(module, tvm.IRModule):
        raise CompileError(
            f"a model is the path of a file or a tvm.IRModule, not {type(module).__name__}"
        )
    functions = {v.name_hint: f for v, f in module.functions.items()}
    if not isinstance(functions.get("main"), relax.Function):
        raise CompileError(
            f"{SOURCE} has no function main; its functions are {', '.join(sorted(functions))}"
        )
    names = [v.name for v in functions["main"].params]
    values = {name: _tensor(tvm, value) for name, value in (params or {}).items()}
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise CompileError(
            f"params names {', '.join(unknown)}, but main's parameters are {', '.join(names)}"
        )
    if values:
        module = relax.transform.BindParams("main", values)(module)
    main = module["main"]
    return ImportedModel(
        module=module,
        input_names=[v.name for v in main.params],
        output_names=default_output_names(output_count(main)),
        source=SOURCE,
    )


def _tensor(tvm: Any, value: Any) -> Any:
    return tvm.runtime.tensor(np.asarray(value.numpy() if hasattr(value, "numpy") else value))
