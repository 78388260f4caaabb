# SPDX-License-Identifier: Apache-2.0
"""Importing what only the compiler needs, when it is needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from .errors import MissingDependencyError

_INSTALL = {
    "tvm": 'pip install "microtvm[tvm]"',
    "tflite": 'pip install "microtvm[tvm]"',
    "onnx": 'pip install "microtvm[tvm]"',
    "torch": "pip install torch",
}


def load(module: str, purpose: str) -> ModuleType:
    """Import a module, or say which command installs it.

    Parameters
    ----------
    module : str
        Dotted name, e.g. ``"tvm.relax"``.
    purpose : str
        What it is needed for, as the end of "... is needed to".

    Raises
    ------
    MissingDependencyError
        If the package that holds the module is not installed.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"the Python package {package} is needed to {purpose}, and it does not import: {error}",
            hint=_INSTALL[package],
        ) from error
