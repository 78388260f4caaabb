# SPDX-License-Identifier: Apache-2.0
"""Values of options that mean harm, and what becomes of each when projects are made with them.

Building takes most of a check's time. So the values that a template takes are put into one project
first, all in one text, which is built from nothing; then each by itself, with the files that differ
laid over that project, so that only what depends on them is built again. Either alone would not do:
in one text a quote may hide what comes after it, and what is read from nothing may be kept.
"""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .wire import ReplyError
from .workbench import Workbench, contents, replace_contents

TEXTS = (
    "a; {touch}; b",
    "a $({touch}) `{touch}` b",
    'a"; {touch}; "b',
    "a'; {touch}; 'b",
    "a\n{touch}\n",
    'a")\nexecute_process(COMMAND {touch})\n# "',
    "-DA=$(shell {touch})",
)
"""``{touch}`` is a command that leaves a file behind."""

REFUSED = "refused"
KEPT = "kept"
EXECUTED = "executed"
BROKE = "broke the build"
"""What comes before the error."""


def options_of_text(options: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the names of options that take any text."""
    return [
        option["name"]
        for option in options
        if option.get("type") in (None, "str") and not option.get("choices")
    ]


def try_all(bench: Workbench, names: Sequence[str]) -> dict[str, str]:
    """Give each option each value: what becomes of them, by value.

    Parameters
    ----------
    bench : Workbench
        One that can build.
    names : sequence of str
        Options of ``generate_project``.
    """
    room = bench.place("canary")
    values = [_Value(number, text, room) for number, text in enumerate(TEXTS)]
    for value in values:
        value.generate(bench, names)
    to_build = [value for value in values if value.project is not None]
    site = _Site(bench)
    _build_together(bench, to_build, names, room / "together", site)
    for value in to_build:
        if not any(other.is_executed for other in values):
            value.build(site)
    return {value.text: value.outcome() for value in values}


class _Value:
    """One value that means harm.

    Parameters
    ----------
    number : int
    text : str
        With a place for the command.
    room : path
        Directory for what is made of it.
    """

    def __init__(self, number: int, text: str, room: pathlib.Path):
        self.canary = room / f"executed-{number}"
        self.text = text.format(touch=f"touch {shlex.quote(str(self.canary))}")
        self.taken: list[str] = []
        self.project: pathlib.Path | None = None
        """That of all options that take it, where its build may know of it."""
        self._room = room / str(number)
        self._error: ReplyError | None = None

    @property
    def is_executed(self) -> bool:
        return self.canary.exists()

    def generate(self, bench: Workbench, names: Sequence[str]) -> None:
        """Find out which options take it, until all of those have it in one project."""
        self._room.mkdir()
        for name in names:
            target = self._room / name
            if (
                bench.generate(target, None, **dict.fromkeys([*self.taken, name], self.text))
                is None
            ):
                self.taken.append(name)
        last = self._room / self.taken[-1] if self.taken else None
        if last is not None and not self.is_executed and _mentions(last, self.canary):
            self.project = last

    def build(self, site: _Site) -> None:
        """Build its project."""
        assert self.project is not None
        self._error = site.build(self.project)

    def outcome(self) -> str:
        """What became of it, in words."""
        if self.is_executed:
            return EXECUTED
        if not self.taken:
            return REFUSED
        return KEPT if self._error is None else f"{BROKE}: {self._error}"


class _Site:
    """Where projects are built, one laid over the other."""

    def __init__(self, bench: Workbench):
        self._bench = bench
        self._project: pathlib.Path | None = None
        self._contents: dict[str, bytes] = {}

    def build(self, project: pathlib.Path) -> ReplyError | None:
        """Build a project with what is there from those before; give the error, or None."""
        wanted = contents(project)
        if self._project is not None:
            replace_contents(self._project, self._contents, wanted)
            self._contents = wanted
            if self._bench.build(self._project) is None:
                return None
        # Whether it is to blame, or what was there, shows in a directory of its own.
        self._project, self._contents = project, wanted
        error = self._bench.build(project)
        if error is not None:
            self._project = None
        return error


def _build_together(
    bench: Workbench,
    values: Sequence[_Value],
    names: Sequence[str],
    target: pathlib.Path,
    site: _Site,
) -> None:
    """Build a project in which each option has all values that it takes, in one text."""
    texts = {name: [value.text for value in values if name in value.taken] for name in names}
    together = {name: " ".join(several) for name, several in texts.items() if len(several) > 1}
    if together and bench.generate(target, None, **together) is None:
        site.build(target)


def _mentions(project: pathlib.Path, canary: pathlib.Path) -> bool:
    """Whether a project holds the canary's path; otherwise its build cannot know of it."""
    needle = str(canary).encode()
    return any(path.is_file() and needle in path.read_bytes() for path in project.rglob("*"))
