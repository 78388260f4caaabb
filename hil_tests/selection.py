# SPDX-License-Identifier: Apache-2.0
"""Which boards a run is on, from its options and from what is found."""

from __future__ import annotations

import pathlib

import pytest

from microtvm.boards import Board, Kind, find


def add_options(parser: pytest.Parser) -> None:
    """Declare what chooses boards."""
    group = parser.getgroup("hil", "tests on hardware")
    group.addoption("--board", metavar="NAME", help="a board's name, as its template has it")
    group.addoption("--template", metavar="NAME|DIR", help="the template, ours or your own")
    group.addoption("--port", help="the board's port: a device or a PySerial URL")
    group.addoption("--serial-number", help="the board's serial number")


def choose(config: pytest.Config) -> tuple[list[Board], str]:
    """Give the boards, and the line that says which they are and why.

    Raises
    ------
    pytest.UsageError
        Options name no board, or not enough of one.
    """
    names = {"board": "--board", "port": "--port", "serial_number": "--serial-number"}
    given = {name: config.getoption(option) for name, option in names.items()}
    options = {name: value for name, value in given.items() if value}
    template = config.getoption("--template")
    if template or options:
        board = _named(template, options)
        return [board], f"hil: {board.name}, named by options"
    found, _ = find()
    attached = [board for board in found if board.kind is Kind.ATTACHED]
    usable = [board for board in attached if board.template and not board.problems]
    told = "; ".join(f"{board.name}, known by {board.known_by}" for board in usable)
    if usable:
        left = len(attached) - len(usable)
        rest = f"; {left} attached left out, see microtvm boards" if left else ""
        return usable, f"hil: {told}{rest}"
    why = (
        "none of what is attached can be used, see microtvm boards"
        if attached
        else "no board is attached"
    )
    return [found[-1]], f"hil: {why}: this runs on the host template"


def _named(template: str | None, options: dict[str, str]) -> Board:
    name = options.get("board") or (pathlib.Path(template).name if template else "")
    if template is None:
        alike = [board for board in find()[0] if name in (board.name, board.options.get("board"))]
        if not alike:
            raise pytest.UsageError(
                f"--board {name}: no such board is attached or emulated (microtvm boards lists "
                "them); name its template with --template"
            )
        if len(alike) > 1 and not {"port", "serial_number"} & options.keys():
            ports = ", ".join(board.options.get("port", "?") for board in alike)
            raise pytest.UsageError(f"--board {name}: several are attached; add --port: {ports}")
        template, options = alike[0].template, {**alike[0].options, **options}
    return Board(name or "board", Kind.ATTACHED, "options", template, options)
