# SPDX-License-Identifier: Apache-2.0
"""A device under test, and what the bench knows of it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from microtvm.boards import Board, Kind

FLASH_SEC = 60.0
"""As Zephyr's twister has it."""
SCRIPT_SEC = 30.0


@dataclasses.dataclass(frozen=True)
class Script:
    """A command of the bench's, run around flashing; no shell is in between.

    Parameters
    ----------
    command : str
        Words as in a shell.
    seconds : float
        How long it may take.
    """

    command: str
    seconds: float = SCRIPT_SEC


@dataclasses.dataclass(frozen=True)
class Dut:
    """A device under test.

    Parameters
    ----------
    name : str
        As people and reports call it; no two of a run have the same.
    known_by : str
        How it is known to be there.
    kind : Kind
    template : str
        The template's name, or the directory of one.
    options : dict of str to str
        Project options that choose the board.
    hardware : str
        The same for all names of one piece of hardware, which is one worker's; empty for what runs
        in a process of its own.
    flash_timeout : float
        Seconds that flashing may take.
    fixtures : tuple of str
        What is wired to it: ``NAME``, or ``NAME:VALUE``.
    serial_pty : str
        A command whose standard streams are the board's console, in place of a port.
    pre_script, post_flash_script, post_script : Script or None
        Run before flashing, after flashing, and at the end.
    """

    name: str
    known_by: str
    kind: Kind
    template: str
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    hardware: str = ""
    flash_timeout: float = FLASH_SEC
    fixtures: tuple[str, ...] = ()
    serial_pty: str = ""
    pre_script: Script | None = None
    post_flash_script: Script | None = None
    post_script: Script | None = None

    @classmethod
    def of(cls, board: Board) -> Dut:
        """Make one of a board that was found; it has a template."""
        assert board.template is not None
        hardware = board.options.get("port") or board.options.get("serial_number") or ""
        return cls(
            board.name, board.known_by, board.kind, board.template, dict(board.options), hardware
        )

    @property
    def port(self) -> str | None:
        """The port as it was given: a device or a URL."""
        return self.options.get("port")

    @property
    def test_id(self) -> str:
        """What its tests are called by, in brackets."""
        return re.sub(r"[^\w.#-]+", "_", self.name)

    def in_name(self, nodeid: str) -> re.Match[str] | None:
        """Find it in a test's name: among what is in brackets at the end, between dashes."""
        return re.search(rf"(?<=[\[-]){re.escape(self.test_id)}(?=-[^\[]*\]$|\]$)", nodeid)

    def fixture(self, name: str) -> str | None:
        """Give a fixture's value, empty where it has none; None where it is not wired."""
        for text in self.fixtures:
            found, _, value = text.partition(":")
            if found == name:
                return value
        return None

    def to_json(self) -> dict[str, Any]:
        """Give it as an object."""
        return {**dataclasses.asdict(self), "kind": self.kind.value}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Dut:
        """Make one of what `to_json` gave."""
        scripts = {
            name: Script(**told[name]) if told[name] else None
            for name in ("pre_script", "post_flash_script", "post_script")
        }
        kind, fixtures = Kind(told["kind"]), tuple(told["fixtures"])
        return cls(**{**told, "kind": kind, "fixtures": fixtures, **scripts})


def dut_of(nodeid: str, duts: list[Dut]) -> Dut | None:
    """Give the device whose test it is, by the test's name."""
    found = [dut for dut in duts if dut.in_name(nodeid)]
    return max(found, key=lambda dut: len(dut.test_id), default=None)


def with_names_of_their_own(duts: list[Dut]) -> list[Dut]:
    """Number those that have one name."""
    counts: dict[str, int] = {}
    alike = {dut.name for dut in duts if sum(dut.name == one.name for one in duts) > 1}
    named = []
    for dut in duts:
        if dut.name in alike:
            counts[dut.name] = counts.get(dut.name, 0) + 1
            named.append(dataclasses.replace(dut, name=f"{dut.name} #{counts[dut.name]}"))
        else:
            named.append(dut)
    return named
