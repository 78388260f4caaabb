# SPDX-License-Identifier: Apache-2.0
"""What templates need of this machine: a module for each template, with a function ``examine``."""

from __future__ import annotations

import importlib
import pkgutil

from ..errors import MicroTVMError
from .finding import Finding

__all__ = ["Finding", "examine", "known_templates"]

_SHARED = {"finding"}


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
    if template not in known_templates():
        raise MicroTVMError(
            f"nothing is known of what template {template!r} needs; known are"
            f" {', '.join(known_templates())}"
        )
    findings: list[Finding] = importlib.import_module(f".{template}", __name__).examine()
    return findings
