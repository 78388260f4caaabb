# SPDX-License-Identifier: Apache-2.0
"""Single ONNX operators with attributes, optional inputs and outputs away from their defaults.

A file a group; ``test_attributes.py`` compiles them, many in one model, and compares the C with
ONNX Runtime.
"""

from __future__ import annotations

from typing import Any

from case_models import Case

from . import (
    attention,
    contributed,
    convolution,
    elementwise,
    image,
    move,
    normalization,
    pool,
    recurrent,
    reduction,
)

__all__ = ["cases", "fewest"]

_GROUPS = (
    reduction,
    pool,
    convolution,
    move,
    elementwise,
    normalization,
    image,
    recurrent,
    attention,
    contributed,
)


def fewest() -> list[Case]:
    """Those that show an attribute, a mode, an input or an output that none before them does."""
    seen: set[tuple[Any, ...]] = set()
    found = []
    for case in cases():
        own = (case.domain, case.operator)
        shown: set[tuple[Any, ...]] = {
            (*own, k, v if isinstance(v, str) else "") for k, v in case.away().items()
        }
        shown |= {(*own, "input", k) for k, given in enumerate(case.inputs) if given is not None}
        shown |= {(*own, "output", k) for k, asked in enumerate(case.outputs) if asked}
        if shown - seen:
            seen |= shown
            found.append(case)
    return found


def cases() -> list[Case]:
    """All of them."""
    return [case for group in _GROUPS for case in group.cases()]
