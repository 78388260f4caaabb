# SPDX-License-Identifier: Apache-2.0
"""Firmware that does not fit into a board's memory: how tools say it, and what to do about it."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

#: GNU ld, of a region of its script; on AVR, and of what lies at a fixed address.
REGION = re.compile(
    r"region\W+(\w+)\W+ overflowed by \d+ bytes|section \S+ is not within region\W+(\w+)\W"
)
# Compilers and linkers, of tensors that no address of the target reaches.
_UNREACHABLE = re.compile(r"size of array \W?\w+\W? is too large|relocation truncated to fit")
_FLASH = re.compile(r"flash|rom|text|program", re.IGNORECASE)

_FLASH_ADVICE = (
    "code and constants want a board with more flash, or a smaller model: one of int8, say"
)
_RAM_ADVICE = (
    "the model and its tensors want a board with more memory, or less of it given as "
    "workspace_size_bytes"
)


def advice(text: str) -> str:
    """What to do about what tools said; empty where it was not that something did not fit."""
    names = {name for match in REGION.finditer(text) for name in match.groups() if name}
    return advice_for([*names, *(["RAM"] if _UNREACHABLE.search(text) else [])])


def advice_for(memories: Iterable[str]) -> str:
    """What to do about memories, by name, that are too small."""
    are_flash = {bool(_FLASH.search(name)) for name in memories}
    said = (_FLASH_ADVICE if True in are_flash else "", _RAM_ADVICE if False in are_flash else "")
    return "; ".join(filter(None, said))
