# SPDX-License-Identifier: Apache-2.0
"""Which boards a run is on, from its options and from what is found."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import pytest

from microtvm.boards import Board, Kind, find
from microtvm.boards.labgrid import LabgridError

from . import hardware_map, in_places
from .dut import Dut, with_names_of_their_own


def add_options(group: pytest.OptionGroup) -> None:
    """Declare what chooses boards."""
    group.addoption(
        "--board",
        metavar="NAME",
        action="append",
        default=[],
        help="a board's name, as its template has it; may be repeated",
    )
    group.addoption("--template", metavar="NAME|DIR", help="the template, ours or your own")
    group.addoption("--port", help="the board's port: a device or a PySerial URL")
    group.addoption("--serial-number", help="the board's serial number")
    group.addoption(
        "--fixture",
        metavar="NAME[:VALUE]",
        action="append",
        default=[],
        help="what is wired to the boards, see docs/hil.md; may be repeated",
    )
    group.addoption(
        "--hardware-map", metavar="FILE", help="the boards, in the format of Zephyr's twister"
    )
    group.addoption(
        "--labgrid-place",
        metavar="NAME[/PORT]",
        action="append",
        default=[],
        help="a place of labgrid, acquired for the run; of several serial ports the one of that "
        "name; may be repeated; LG_PLACE where no option says which boards",
    )
    group.addoption(
        "--labgrid-wait",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long a place that another holds is waited for (0)",
    )
    group.addoption(
        "--generate-hardware-map",
        metavar="FILE",
        help="write what is attached to a hardware map, or bring one up to date, and end",
    )


def choose(config: pytest.Config) -> tuple[list[Dut], str]:
    """Give the boards, and the line that says which they are and why.

    Raises
    ------
    pytest.UsageError
        Options name no board, or not enough of one.
    """
    holds = in_places.Holds(config.getoption("--labgrid-wait"))
    config.add_cleanup(holds.release)
    try:
        duts, line = _choose(config, holds)
        more = tuple(config.getoption("--fixture"))
        duts = [dataclasses.replace(dut, fixtures=(*dut.fixtures, *more)) for dut in duts]
        duts, left = holds.placed(duts)
    except (hardware_map.MapError, LabgridError) as error:
        raise pytest.UsageError(str(error)) from None
    if left and not duts:
        raise pytest.UsageError(f"there is no board to test: {'; '.join(left)}")
    told = f"; left out: {'; '.join(left)}" if left else ""
    return with_names_of_their_own(duts), f"hil: {line}{told}"


def _choose(config: pytest.Config, holds: in_places.Holds) -> tuple[list[Dut], str]:
    names = config.getoption("--board")
    template = config.getoption("--template")
    given = {"port": config.getoption("--port"), "serial_number": config.getoption("serial_number")}
    options = {name: value for name, value in given.items() if value}
    if options and len(names) > 1:
        raise pytest.UsageError(
            "--port and --serial-number are one board's; for several write a map: --hardware-map"
        )
    path = config.getoption("--hardware-map")
    places = config.getoption("--labgrid-place")
    if not (places or path or names or template or options) and os.environ.get("LG_PLACE"):
        places = [os.environ["LG_PLACE"]]
    if places:
        if path or options or len(names) > 1:
            raise pytest.UsageError(
                "--labgrid-place says which port it is, so that --port, --serial-number and "
                "--hardware-map cannot; a map names places by the fixture place:NAME"
            )
        duts = holds.named(places, *names, template=template)
        return duts, f"{', '.join(dut.name for dut in duts)}, places of labgrid"
    if path:
        return _mapped(pathlib.Path(path), template, names, options)
    if names or template or options:
        duts = [_named(name, template, options) for name in names or [""]]
        return duts, f"{', '.join(dut.name for dut in duts)}, named by options"
    return _found()


def _mapped(
    path: pathlib.Path, template: str | None, names: list[str], options: dict[str, str]
) -> tuple[list[Dut], str]:
    duts, notes = hardware_map.boards_of(path, template)
    chosen = [
        dut
        for dut in duts
        if (not names or dut.name in names)
        and all(dut.options.get(name) == value for name, value in options.items())
    ]
    if not chosen:
        why = "; ".join(notes) or "it lists none"
        if duts:
            why = f"it has {', '.join(dut.name for dut in duts)}"
        raise pytest.UsageError(f"the hardware map {path} has no board to test: {why}")
    left = f"; left out: {'; '.join(notes)}" if notes else ""
    return chosen, f"{', '.join(dut.name for dut in chosen)}, of the map {path}{left}"


def _found() -> tuple[list[Dut], str]:
    found, _ = find()
    attached = [board for board in found if board.kind is Kind.ATTACHED]
    usable = [board for board in attached if board.template and not board.problems]
    told = "; ".join(f"{board.name}, known by {board.known_by}" for board in usable)
    if usable:
        left = len(attached) - len(usable)
        rest = f"; {left} attached left out, see microtvm boards" if left else ""
        return [Dut.of(board) for board in usable], f"{told}{rest}"
    why = (
        "none of what is attached can be used, see microtvm boards"
        if attached
        else "no board is attached"
    )
    return [Dut.of(found[-1])], f"{why}: this runs on the host template"


def _named(name: str, template: str | None, options: dict[str, str]) -> Dut:
    board = {"board": name} if name else {}
    if template is not None:
        hardware = options.get("port") or options.get("serial_number") or ""
        shown = name or pathlib.Path(template).name
        return Dut(shown, "options", Kind.ATTACHED, template, {**board, **options}, hardware)
    if not name:
        raise pytest.UsageError("--port and --serial-number want --board or --template as well")
    alike = [one for one in find()[0] if name in (one.name, one.options.get("board"))]
    if not alike:
        raise pytest.UsageError(
            f"--board {name}: no such board is attached or emulated (microtvm boards lists "
            "them); name its template with --template"
        )
    if len(alike) > 1 and not options:
        ports = ", ".join(one.options.get("port", "?") for one in alike)
        raise pytest.UsageError(f"--board {name}: several are attached; add --port: {ports}")
    same = [one for one in alike if options.items() <= one.options.items()]
    return Dut.of(_chosen((same or alike)[0], options))


def _chosen(board: Board, options: dict[str, str]) -> Board:
    if board.template is None:
        raise pytest.UsageError(
            f"--board {board.name}: nothing says which template fits it; add --template"
        )
    if board.kind is Kind.EMULATED and board.problems:
        raise pytest.UsageError(f"--board {board.name}: {'; '.join(board.problems)}")
    return dataclasses.replace(board, options={**board.options, **options})
