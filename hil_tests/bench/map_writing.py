# SPDX-License-Identifier: Apache-2.0
"""Hardware maps of Zephyr's twister, written from what is attached.

An existing map keeps what people wrote into it; boards that are no longer attached become
``connected: false``.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import yaml

from microtvm.boards import Board, Kind

from .hardware_map import UNKNOWN, load, told_of

_HEADER = """\
# A hardware map in the format of Zephyr's twister. Where the platform is unknown, write the name
# that `west boards` has, or an FQBN for Arduino; a runner that is unknown is the board's own.
"""


def entries_of(boards: Sequence[Board]) -> list[dict[str, Any]]:
    """Give an entry for each attached board that has a port."""
    return [
        {
            "connected": True,
            "id": board.options.get("serial_number", ""),
            "platform": board.options.get("board", UNKNOWN),
            "product": board.name,
            "runner": UNKNOWN,
            "serial": board.options["port"],
        }
        for board in boards
        if board.kind is Kind.ATTACHED and "port" in board.options
    ]


def merged(old: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bring an existing map to what is attached now."""
    rest = list(found)
    kept = []
    for entry in old:
        if entry.get("serial_pty"):
            kept.append(entry)  # nothing that could be looked for
            continue
        same = _same(entry, rest)
        if same:
            rest.remove(same)
            kept.append({**entry, "connected": True, "serial": same["serial"]})
        else:
            kept.append({**entry, "connected": False, "serial": None})
    return kept + rest


def _same(entry: dict[str, Any], found: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Find a board again: by its id, of several ports of it by port or product, else by port."""
    number = told_of(entry, "id")
    alike = [one for one in found if one["id"] == number]
    for name in ("serial", "product"):
        for one in alike:
            if one[name] == entry.get(name):
                return one
    return alike[0] if alike and number else None


def _for_twister(entry: dict[str, Any]) -> dict[str, Any]:
    """Give an entry what twister's schema wants of each."""
    wanted = {"id": "", "platform": UNKNOWN, "product": UNKNOWN, "runner": UNKNOWN}
    told = {name: value for name, value in entry.items() if value is not None}
    return {**wanted, **told}


def write(path: pathlib.Path, boards: Sequence[Board]) -> tuple[int, int]:
    """Write a map, or bring one up to date.

    Returns
    -------
    tuple of int
        How many boards it has, and how many of them are attached.

    Raises
    ------
    MapError
        What is there is no map. It stays as it is.
    """
    found = entries_of(boards)
    entries = merged(load(path), found) if path.exists() else found
    entries = [_for_twister(entry) for entry in entries]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(_HEADER + yaml.safe_dump(entries, sort_keys=True), encoding="utf-8")
    beside.replace(path)
    return len(entries), sum(entry["connected"] for entry in entries)
