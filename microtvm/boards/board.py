# SPDX-License-Identifier: Apache-2.0
"""What is known of a board, and how it is known."""

from __future__ import annotations

import dataclasses
import enum
import shlex
from typing import Any


class Kind(enum.Enum):
    """How real a board is."""

    ATTACHED = "attached"
    EMULATED = "emulated"
    PLACE = "place"
    HOST = "host"


@dataclasses.dataclass(frozen=True)
class Board:
    """A board.

    Parameters
    ----------
    name : str
        As people call it.
    kind : Kind
    known_by : str
        How it is known to be there.
    template : str or None
        The template that fits; None where only the user can tell.
    options : dict of str to str
        Project options that choose this board, for that template.
    problems : tuple of str
        What keeps this user from it.
    """

    name: str
    kind: Kind
    known_by: str
    template: str | None = None
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say it to people."""
        template = f"--template {self.template}" if self.template else "--template ?"
        given = [f"--project-option {n}={shlex.quote(v)}" for n, v in self.options.items()]
        how = " ".join((template, *given))
        if self.kind is Kind.PLACE:  # its port is known to who has acquired it
            how = f"python -m hil_tests --labgrid-place {shlex.quote(self.name)}"
        return [
            f"{self.name} ({self.kind.value}; known by {self.known_by})",
            f"    {how}",
            *(f"    {problem}" for problem in self.problems),
        ]

    def to_json(self) -> dict[str, Any]:
        """Give it as an object."""
        return {**dataclasses.asdict(self), "kind": self.kind.value}
