# SPDX-License-Identifier: Apache-2.0
"""A Zephyr source tree, and the boards it knows."""

from __future__ import annotations

import pathlib
import re

from server_kit.api.options import did_you_mean
from server_kit.errors import OptionError, ProjectError, ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

    from .west import West

OLDEST_VERSION = (2, 6)

# A number between separators that no name holds: boards as `west boards` knows them.
_FORMAT = "{name}|{qualifiers}|{dir}"
_OLD_FORMAT = "{name}||{dir}"  # Zephyr 3.5 and earlier: a name says all
_NATIVE_DIRECTORIES = ("native", "posix")
_TARGET = re.compile(r"[\w.,-]+(@[\w.,-]+)?(/[\w.,/-]*)?", re.ASCII)
_VERSION_LINE = re.compile(r"^\s*(\w+)\s*=\s*(\d+)\s*$", re.MULTILINE)
_DEPRECATED = re.compile(r"set\(\s*(\S+)_DEPRECATED\s+([^\s)]+)\s*\)")
_KCONFIG_SYMBOL = re.compile(r"^\s*(?:menu)?config\s+(\w+)\s*$", re.MULTILINE)


class Board:
    """A board and what may stand behind its name.

    Parameters
    ----------
    name : str
    qualifiers : sequence of str
        For example ``nrf5340/cpuapp``; empty in trees where a name says all.
    directory : pathlib.Path
    """

    def __init__(self, name: str, qualifiers: Iterable[str], directory: pathlib.Path) -> None:
        self.name = name
        self.qualifiers = list(qualifiers)
        self.directory = directory

    @property
    def is_native(self) -> bool:
        """Whether it is a program for this machine."""
        return self.directory.parent.name in _NATIVE_DIRECTORIES

    def targets(self) -> list[str]:
        """What may be built for, written out."""
        return [f"{self.name}/{qualifiers}" for qualifiers in self.qualifiers] or [self.name]

    def takes(self, qualifiers: str) -> bool:
        """Whether these qualifiers, perhaps shortened, mean one of this board's targets.

        With one SoC its name may be left out: ``native_sim``, ``native_sim//64``.
        """
        if not self.qualifiers:
            return not qualifiers
        socs = {given.split("/")[0] for given in self.qualifiers}
        if len(socs) == 1 and (not qualifiers or qualifiers.startswith("/")):
            qualifiers = next(iter(socs)) + qualifiers
        return qualifiers in self.qualifiers


class ZephyrTree:
    """A directory that holds Zephyr.

    Parameters
    ----------
    base : pathlib.Path

    Raises
    ------
    ProjectError :
        When it holds none, or one that is too old.
    """

    def __init__(self, base: pathlib.Path) -> None:
        self.base = base
        self.version = _read_version(base)
        if self.version < OLDEST_VERSION:
            oldest, given = (".".join(map(str, v)) for v in (OLDEST_VERSION, self.version))
            raise ProjectError(f"{base} holds Zephyr {given}; {oldest} and later work here")

    def boards(self, west: West) -> dict[str, Board]:
        """All boards by name, with those of the workspace's modules."""
        try:
            lines = west.output(["boards", "-f", _FORMAT]).splitlines()
        except ToolError:
            lines = west.output(["boards", "-f", _OLD_FORMAT]).splitlines()
        boards = {}
        for line in lines:
            name, qualifiers, directory = line.split("|", 2)
            names = [one for one in qualifiers.split(",") if one]
            boards[name] = Board(name, names, pathlib.Path(directory))
        if not boards:
            raise ProjectError(f"west names no board of {self.base}; see `west boards`")
        return boards

    def find_board(self, given: str, west: West, former: Mapping[str, str]) -> tuple[str, Board]:
        """The board a user means.

        Parameters
        ----------
        given : str
            ``board``, ``board@revision``, ``board/qualifiers`` or ``board@revision/qualifiers``.
        west : West
        former : mapping
            Names of earlier releases to today's; this tree may know either.

        Returns
        -------
        (str, Board) :
            What to give to ``west build``, and the board.

        Raises
        ------
        OptionError :
            With the nearest names, when this tree has no such board.
        """
        if not _TARGET.fullmatch(given):
            raise OptionError(
                f"option 'board' was given {given!r}; a board is NAME, NAME@REVISION or "
                "NAME@REVISION/QUALIFIERS, of letters, digits and _ - . , only"
            )
        boards = self.boards(west)
        name, revision, qualifiers = _split(given)
        known_as = _join(name, "", qualifiers)
        names = {**{today: old for old, today in former.items()}, **former, **self._renamed()}
        for candidate in (known_as, names.get(known_as), _spelled(known_as, boards)):
            if candidate is None:
                continue
            board_name, _, board_qualifiers = _split(candidate)
            board = boards.get(board_name)
            if board is not None and board.takes(board_qualifiers):
                return _join(board_name, revision, board_qualifiers), board
        if name in boards:
            targets = ", ".join(boards[name].targets())
            raise OptionError(f"option 'board' was given {given!r}; allowed are {targets}")
        known = [target for board in boards.values() for target in [board.name, *board.targets()]]
        raise OptionError(
            f"option 'board' was given {given!r}, which Zephyr {self} does not know"
            f"{did_you_mean(given, known)}; `west boards` lists them all"
        )

    def knows(self, symbol: str, folder: str) -> bool:
        """Whether a Kconfig symbol is defined below a folder of this tree."""
        for path in (self.base / folder).rglob("Kconfig*"):
            if path.is_file() and symbol in _KCONFIG_SYMBOL.findall(
                path.read_text(encoding="utf-8", errors="replace")
            ):
                return True
        return False

    def _renamed(self) -> dict[str, str]:
        """What this release itself calls boards of releases before it."""
        try:
            text = (self.base / "boards" / "deprecated.cmake").read_text(encoding="utf-8")
        except OSError:
            return {}
        return dict(_DEPRECATED.findall(text))

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.version))} in {self.base}"


def _read_version(base: pathlib.Path) -> tuple[int, int]:
    try:
        fields = dict(_VERSION_LINE.findall((base / "VERSION").read_text(encoding="utf-8")))
        return int(fields["VERSION_MAJOR"]), int(fields["VERSION_MINOR"])
    except (OSError, KeyError):
        raise ProjectError(
            f"{base} holds no Zephyr (a VERSION file with VERSION_MAJOR is wanted); give the "
            "option zephyr_base, or set ZEPHYR_BASE"
        ) from None


def _split(target: str) -> tuple[str, str, str]:
    """Name, revision and qualifiers; what revisions there are is Zephyr's to judge."""
    name, _, qualifiers = target.partition("/")
    name, _, revision = name.partition("@")
    return name, revision, qualifiers


def _join(name: str, revision: str, qualifiers: str) -> str:
    return name + (f"@{revision}" if revision else "") + (f"/{qualifiers}" if qualifiers else "")


def _spelled(given: str, boards: Mapping[str, Board]) -> str | None:
    """The same target as this tree writes it: with underscores throughout before Zephyr 3.7."""
    for board in boards.values():
        for target in board.targets():
            if target.replace("/", "_") == given.replace("/", "_"):
                return target
    return None
