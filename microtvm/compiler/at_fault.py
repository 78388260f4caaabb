# SPDX-License-Identifier: Apache-2.0
"""Which operator of a model it is that passes of TVM fail on.

TVM's errors tell of TVM. Whoever compiles a model wants to know which operator to change; each is
tried alone, until one fails as the whole model did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .dependencies import load
from .errors import CompileError, UnsupportedOperatorError
from .program import Call


def graph_fault(source: str, module: Any, passes: Sequence[Any], error: Exception) -> CompileError:
    """What to say when graph passes fail.

    Parameters
    ----------
    source : str
        The model, as errors call it.
    module : tvm.IRModule
        As it was imported.
    passes : sequence of tvm.transform.Pass
        The first of them leaves one operator a binding.
    error : Exception
        What TVM said; it becomes the details.
    """
    tvm: Any = load("tvm", "compile models")
    relax: Any = load("tvm.relax", "compile models")
    text = str(error).strip() or repr(error)
    tried = set()
    try:
        module = passes[0](relax.transform.Normalize()(module))
    except Exception:  # TVM raises many types
        return _nowhere(source, text)
    for block in module["main"].body.blocks:
        for binding in block.bindings:
            value = binding.value
            if type(value).__name__ != "Call":
                continue
            name, types = operator_name(value), [str(part.ty) for part in (*value.args, value)]
            form = (name, str(value.attrs), *types)
            if form in tried:
                continue
            tried.add(form)
            alone = tvm.IRModule(dict(module.functions))
            alone["main"] = relax.Function(
                relax.analysis.free_vars(value), relax.SeqExpr([], value), value.ty
            )
            try:
                tvm.transform.Sequential(passes)(relax.transform.Normalize()(alone))
            except Exception:  # TVM raises many types
                return _refused(source, name, _made(value.ty), text)
    return _nowhere(source, text)


def kernel_fault(
    source: str, calls: Iterable[Call], lowered: Any, error: Exception
) -> CompileError:
    """What to say when kernel passes fail; ``lowered`` runs them on the kernel of a call."""
    text = str(error).strip() or repr(error)
    for call in calls:
        try:
            lowered(call.kernel)
        except Exception:  # TVM raises many types
            return _refused(source, call.kernel.operator, str(call.shape), text)
    return _nowhere(source, text)


def operator_name(value: Any) -> str:
    """Of a Relax call: ``nn.conv2d``, or the function that it calls."""
    for attribute in ("global_symbol", "name", "name_hint"):
        if hasattr(value.op, attribute):
            name = str(getattr(value.op, attribute))
            return name.removeprefix("relax.").removeprefix("run.")
    return str(value.op)


def _made(type_: Any) -> str:
    """Types and shapes of a result: ``float32 (1, 4)``."""
    fields = getattr(type_, "fields", None)
    if fields is not None:
        return ", ".join(map(_made, fields))
    extents = [int(extent) if hasattr(extent, "value") else "?" for extent in type_.shape or ()]
    return f"{type_.dtype} ({', '.join(map(str, extents))})"


def _refused(source: str, name: str, made: str, details: str) -> CompileError:
    return UnsupportedOperatorError(
        source,
        [name],
        f"the one that makes {made} cannot be turned into C in this form; put other operators in "
        "its place, or report it with the model (-v shows what the compiler below says)",
        details=details,
    )


def _nowhere(source: str, details: str) -> CompileError:
    return CompileError(
        f"{source}: the model cannot be turned into C, though each of its operators can alone; "
        "report it with the model (-v shows what the compiler below says)",
        details=details,
    )
