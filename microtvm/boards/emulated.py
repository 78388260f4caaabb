# SPDX-License-Identifier: Apache-2.0
"""Boards that an emulator on this machine stands in for."""

from __future__ import annotations

import json
import pathlib

from ..doctor import examine
from ..templates import get_microtvm_template_projects
from .board import Board, Kind

_TEMPLATE = "qemu_cortex_m"


def find() -> list[Board]:
    """List them; each with what is missing to build for it and to run it."""
    directory = pathlib.Path(get_microtvm_template_projects(_TEMPLATE))
    known = json.loads((directory / "boards.json").read_text(encoding="utf-8"))
    findings = examine(_TEMPLATE)
    if any(one.blocks and one.name == "qemu-system-arm" for one in findings):
        return []
    problems = tuple(
        f"it cannot be built for: {one.line().strip()}" for one in findings if one.blocks
    )
    return [
        Board(name, Kind.EMULATED, "qemu-system-arm", _TEMPLATE, {"board": name}, problems)
        for name in known
    ]
