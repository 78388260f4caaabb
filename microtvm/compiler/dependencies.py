# SPDX-License-Identifier: Apache-2.0
"""Importing what only the compiler needs, when it is needed."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

from .errors import MissingDependencyError

# The classes of TVM's IR that are read here were renamed in the first, and may be in the other.
_OLDEST_TVM, _TOO_NEW_TVM = (0, 27), (0, 28)

_INSTALL = {
    "tvm": 'pip install "microtvm[tvm]"',
    "flatbuffers": 'pip install "microtvm[tvm]"',
    "tflite": 'pip install "microtvm[tvm]"',
    "onnx": 'pip install "microtvm[tvm]"',
    "torch": 'pip install "microtvm[torch]"',
    "onnxscript": 'pip install "microtvm[torch]"',
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
    if module == "tvm" and not _OLDEST_TVM <= _release(loaded.__version__) < _TOO_NEW_TVM:
        oldest, too_new = (".".join(map(str, numbers)) for numbers in (_OLDEST_TVM, _TOO_NEW_TVM))
        raise MissingDependencyError(
            f"TVM {loaded.__version__} is installed, but to {purpose} takes one from {oldest} "
            f"up to, and without, {too_new}",
            hint=f'pip install "apache-tvm>={oldest},<{too_new}"',
        )
    return loaded


def _release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
