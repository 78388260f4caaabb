# SPDX-License-Identifier: Apache-2.0
"""The headers of C kernels that an archive carries for its operators."""

from __future__ import annotations

import re
from importlib import resources

from ..operators import Operator
from ..program import Program

FOLDER = resources.files("microtvm.compiler.operators") / "c"

_INCLUDE = re.compile(r'^#include "([\w.]+)"', re.MULTILINE)


def included(program: Program) -> list[str]:
    """Names of the headers that the program's source file includes, in order, each once."""
    names = [
        header
        for kernel in program.kernels
        if isinstance(kernel.body, Operator)
        for header in kernel.body.headers
    ]
    return list(dict.fromkeys(names))


def carried(program: Program) -> dict[str, str]:
    """Text by name of those headers and of all that they include in turn."""
    texts: dict[str, str] = {}
    wanted = included(program)
    while wanted:
        name = wanted.pop()
        if name not in texts:
            texts[name] = (FOLDER / name).read_text(encoding="utf-8")
            wanted += _INCLUDE.findall(texts[name])
    return texts
