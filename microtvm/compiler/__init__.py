# SPDX-License-Identifier: Apache-2.0
"""Compiling trained models with current TVM into archives that run on device_kit.

The only part of this package that imports TVM, and only when a model is compiled.
"""

from __future__ import annotations

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
