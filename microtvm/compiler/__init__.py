# SPDX-License-Identifier: Apache-2.0
"""Compiling trained models with current TVM into archives that run on device_kit.

The only part of this package that imports TVM, and only when a model is compiled. Names are
imported when they are asked for: the command's process needs `child` alone, at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .archive import export_model_library_format
    from .compiled import CompiledModel, KernelInfo
    from .errors import (
        CompileError,
        MissingDependencyError,
        ModelFileError,
        UnsupportedOperatorError,
    )
    from .pipeline import compile
    from .program import TensorInfo

_HOMES = {
    "archive": ("export_model_library_format",),
    "compiled": ("CompiledModel", "KernelInfo"),
    "errors": (
        "CompileError",
        "MissingDependencyError",
        "ModelFileError",
        "UnsupportedOperatorError",
    ),
    "pipeline": ("compile",),
    "program": ("TensorInfo",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CompileError",
    "CompiledModel",
    "KernelInfo",
    "MissingDependencyError",
    "ModelFileError",
    "TensorInfo",
    "UnsupportedOperatorError",
    "compile",
    "export_model_library_format",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
