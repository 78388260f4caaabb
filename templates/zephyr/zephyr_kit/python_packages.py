# SPDX-License-Identifier: Apache-2.0
"""The packages that Zephyr's scripts import, in the Python that runs west."""

from __future__ import annotations

import os
import pathlib
import sys

from server_kit import tools
from server_kit.errors import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

REQUIREMENTS = "scripts/requirements-base.txt"
# Every release's scripts import these, and newer ones more.
_MODULES = ("elftools", "yaml", "pykwalify", "packaging")
_NEWER_MODULES = ("jsonschema",)


def python_of(west: Sequence[str]) -> str:
    """The interpreter of a west command: ``python3 -m west``, or a script that names it.

    Parameters
    ----------
    west : sequence of str
        The command.

    Returns
    -------
    str :
        The interpreter; the one that runs here where the command does not tell.
    """
    if list(west[1:]) == ["-m", "west"]:
        return west[0]
    try:
        with open(west[0], "rb") as script:
            line = script.readline()
    except (OSError, IndexError):
        return sys.executable
    interpreter = line[2:].decode("utf-8", "replace").strip() if line[:2] == b"#!" else ""
    return interpreter if os.access(interpreter, os.X_OK) else sys.executable


def missing_modules(python: str, base: pathlib.Path | None) -> list[str]:
    """Those of the modules that an interpreter cannot import, for the Zephyr in ``base``."""
    try:
        required = (base / REQUIREMENTS).read_text(encoding="utf-8") if base else ""
    except OSError:
        required = ""
    modules = [*_MODULES, *(name for name in _NEWER_MODULES if name in required)]
    return [name for name in modules if not _can_import(python, name)]


def install_command(python: str, base: pathlib.Path | None) -> str:
    """What brings them."""
    return f"{python} -m pip install -r {base or '$ZEPHYR_BASE'}/{REQUIREMENTS}"


def _can_import(python: str, name: str) -> bool:
    try:
        tools.output([python, "-c", f"import {name}"])
    except ToolError:
        return False
    return True
