# SPDX-License-Identifier: Apache-2.0
"""What templates need of this machine: a module for each template, with a function ``examine``.

Where a template's module says ``USES_BOARDS``, what is attached is told too, by ``attached``.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from ..errors import MicroTVMError
from .finding import Finding

__all__ = ["Finding", "examine", "known_templates", "uses_boards"]

_SHARED = {"attached", "finding"}


def known_templates() -> list[str]:
    """Name the templates whose needs are known."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name not in _SHARED
    )


def examine(template: str) -> list[Finding]:
    """Look for what a template needs.

    Parameters
    ----------
    template : str
        Its name.

    Raises
    ------
    MicroTVMError
        Nothing is known of that template.
    """
    findings: list[Finding] = _module(template).examine()
    return findings


def uses_boards(template: str) -> bool:
    """Tell whether a template's firmware runs on boards that are attached."""
    return bool(getattr(_module(template), "USES_BOARDS", False))


def _module(template: str) -> ModuleType:
    if template not in known_templates():
        raise MicroTVMError(
            f"nothing is known of what template {template!r} needs; known are"
            f" {', '.join(known_templates())}"
        )
    return importlib.import_module(f".{template}", __name__)
