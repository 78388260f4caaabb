# SPDX-License-Identifier: Apache-2.0
"""Boards that arduino-cli recognises, by the name it has for them.

Source: https://arduino.github.io/arduino-cli/latest/commands/arduino-cli_board_list; before
release 1.0 the answer was a bare list with ``boards`` for ``matching_boards``.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from typing import Any

from .board import Board, Kind

_LIMIT_SEC = 30.0


def find() -> tuple[list[Board], list[str]]:
    """List them, and tell why none can be seen; without arduino-cli there is nothing to tell."""
    command = shlex.split(os.environ.get("ARDUINO_CLI") or "arduino-cli")
    if shutil.which(command[0]) is None:
        return [], []
    try:
        done = subprocess.run(
            [*command, "board", "list", "--format", "json"],
            capture_output=True,
            text=True,
            timeout=_LIMIT_SEC,
            check=True,
        )
        return _boards(json.loads(done.stdout)), []
    except subprocess.TimeoutExpired:
        return [], [f"{shlex.join(command)} board list did not end in {_LIMIT_SEC:.0f} s"]
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        return [], [f"{shlex.join(command)} board list gives no list of boards: {error}"]


def _boards(reply: Any) -> list[Board]:
    listed = reply.get("detected_ports") if isinstance(reply, dict) else reply
    boards = []
    for entry in listed or []:
        address = (entry.get("port") or entry).get("address")
        matching = entry.get("matching_boards") or entry.get("boards") or []
        names = [(one.get("name"), one.get("fqbn") or one.get("FQBN")) for one in matching]
        fitting = [(name or fqbn, fqbn) for name, fqbn in names if fqbn]
        if not fitting or not address:
            continue  # a port of which arduino-cli knows nothing
        name, fqbn = fitting[0]
        others = ", ".join(other for _, other in fitting[1:])
        boards.append(
            Board(
                name,
                Kind.ATTACHED,
                "arduino-cli board list",
                "arduino",
                {"board": fqbn, "port": address},
                (f"it may also be {others}",) if others else (),
            )
        )
    return boards
