# SPDX-License-Identifier: Apache-2.0
"""Tensors that a model keeps from run to run: static memory, and the function that resets it."""

from __future__ import annotations

import numpy as np

from ..arena import ALIGNMENT
from ..dtypes import element_type
from ..program import Program
from .literals import initializer


def state_definitions(name: str, program: Program) -> str:
    """C definitions of the states and of ``<name>_reset``; nothing where there are no states."""
    if not program.states:
        return ""
    lines = ["/* Kept from run to run. */"]
    resets = []
    for index, array in enumerate(program.states):
        c = element_type(array.dtype.name).storage
        lines.append(f"static _Alignas({ALIGNMENT}) {c} state_{index}[{array.size}];")
        stored = np.frombuffer(array.tobytes(), np.uint8)
        if (stored == stored[0]).all():
            resets.append(f"    memset(state_{index}, {stored[0]}, sizeof state_{index});")
            continue
        lines.append(
            f"static const {c} state_{index}_initial[{array.size}] = {{\n{initializer(array)}\n}};"
        )
        resets.append(f"    memcpy(state_{index}, state_{index}_initial, sizeof state_{index});")
    return "\n".join(
        [
            *lines,
            "static bool states_are_set;",
            "",
            f"void {name}_reset(void) {{",
            *resets,
            "    states_are_set = true;",
            "}",
            "",
        ]
    )


def first_reset(name: str, program: Program) -> list[str]:
    """Statements at the start of a run."""
    if not program.states:
        return []
    return ["    if (!states_are_set) {", f"        {name}_reset();", "    }"]


def reset_prototype(name: str) -> list[str]:
    """Its declaration in the model's header."""
    return [
        "/* Forgets earlier runs: what the model keeps from run to run gets its first value. */",
        f"void {name}_reset(void);",
    ]
