# SPDX-License-Identifier: Apache-2.0
"""One thing that a template needs, and whether it is here."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from server_kit import tools
from server_kit.errors import ToolError

_VERSION = re.compile(r"\d+(?:\.\d+)+")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a template needs.

    Parameters
    ----------
    name : str
        What it is.
    needed_for : str
        What cannot be done without it.
    found : str or None
        Where it is, with its version; None when it is missing.
    install : str
        The command that brings it.
    required : bool
        Whether the template cannot build without it.
    """

    name: str
    needed_for: str
    found: str | None
    install: str
    required: bool = True

    @property
    def blocks(self) -> bool:
        """Whether building fails for the lack of it."""
        return self.required and self.found is None

    def line(self) -> str:
        """Say it in a line."""
        if self.found is not None:
            return f"  found     {self.name:<16} {self.found}"
        if self.required:
            return f"  missing   {self.name:<16} needed to {self.needed_for}: {self.install}"
        return f"  optional  {self.name:<16} not here; to {self.needed_for}: {self.install}"

    def to_json(self) -> dict[str, Any]:
        """Give it as an object."""
        return dataclasses.asdict(self)


def pip(packages: str) -> str:
    """Name the command that brings Python packages where this program finds them."""
    return f"{sys.executable} -m pip install {packages}"


def apt(packages: str) -> str:
    """Name the command that brings packages of Debian's, where it is there."""
    if not pathlib.Path("/usr/bin/apt-get").exists():
        return f"with your system's package manager (on Debian {packages})"
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {packages}"


def pyserial() -> Finding:
    """Look for PySerial, without which no board is talked to."""
    there = importlib.util.find_spec("serial") is not None
    return Finding(
        "PySerial",
        "talk to boards",
        f"of {sys.executable}" if there else None,
        pip("pyserial"),
        required=False,
    )


def program(
    name: str,
    needed_for: str,
    install: str,
    *,
    at_least: Sequence[int] = (),
    required: bool = True,
) -> Finding:
    """Look for a program, where templates look for it.

    Parameters
    ----------
    name, needed_for, install, required
        As for `Finding`.
    at_least : sequence of int
        The oldest version that will do.
    """
    try:
        path = tools.find_tool(name)
    except ToolError:
        return Finding(name, needed_for, None, install, required)
    version = _version([path, "--version"])
    numbers = tuple(int(part) for part in version.split(".")) if version else ()
    if at_least and numbers and numbers < tuple(at_least):
        wanted = ".".join(map(str, at_least))
        why = f"{needed_for} ({wanted} or later; {path} is {version})"
        return Finding(name, why, None, install, required)
    return Finding(name, needed_for, f"{version} {path}".strip(), install, required)


def _version(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=tools.QUICK_SEC, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = _VERSION.search(done.stdout + done.stderr)
    return found.group() if found else ""
