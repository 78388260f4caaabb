# SPDX-License-Identifier: Apache-2.0
"""Importing what only the compiler needs, when it is needed."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

from .errors import MissingDependencyError

# The classes of TVM's IR that this package reads were renamed in that release.
_OLDEST_TVM = (0, 27)

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
        loaded = importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"the Python package {package} is needed to {purpose}, and it does not import: {error}",
            hint=_INSTALL[package],
        ) from error
    if module == "tvm" and _release(loaded.__version__) < _OLDEST_TVM:
        raise MissingDependencyError(
            f"TVM {loaded.__version__} is installed, but to {purpose} takes "
            f"{'.'.join(map(str, _OLDEST_TVM))} or newer",
            hint=_INSTALL["tvm"],
        )
    return loaded


def _release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
