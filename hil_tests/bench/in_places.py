# SPDX-License-Identifier: Apache-2.0
"""Boards in places of labgrid: which they are, and that each place is acquired while it is used."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from microtvm.boards import Kind, labgrid
from microtvm.boards.labgrid import LabgridError

from . import labgrid_place
from .dut import Dut
from .hardware_map import template_of

FIXTURE = "place"


class Holds:
    """The places of a run.

    Parameters
    ----------
    wait_sec : float
        How long a place that another holds is waited for.
    """

    def __init__(self, wait_sec: float):
        self._wait_sec = wait_sec
        self._listed: list[labgrid.Place] | None = None
        self._holds: list[labgrid_place.Hold] = []
        self._done: dict[str, labgrid_place.Wired | LabgridError] = {}

    def named(
        self, specs: Sequence[str], board: str = "", template: str | None = None
    ) -> list[Dut]:
        """Give the boards of places, by options or by the places' tags ``board`` and ``template``.

        Parameters
        ----------
        specs : sequence of str
            ``NAME`` or ``NAME/PORT``.
        board, template : str, optional
            What all of them are.

        Raises
        ------
        LabgridError
            There is no such place, or nothing says which board is in it.
        """
        duts = []
        for spec in specs:
            place = self._find(spec)
            platform = board or place.tags.get("board", "")
            chosen = template or place.tags.get("template") or (platform and template_of(platform))
            if not chosen:
                raise LabgridError(
                    f"nothing says which board is in the place {place.name}: give --board, or "
                    f"labgrid-client -p {place.name} set-tags board=NAME"
                )
            options = {"board": platform} if platform else {}
            known_by = f"labgrid at {labgrid.coordinator()}"
            fixtures = (f"{FIXTURE}:{spec}",)
            duts.append(
                Dut(place.name, known_by, Kind.ATTACHED, chosen, options, "", fixtures=fixtures)
            )
        return duts

    def placed(self, duts: Sequence[Dut]) -> tuple[list[Dut], list[str]]:
        """Acquire the places of those that are in one, and tell them their ports.

        Returns
        -------
        tuple of list
            Those that can be tested, and why others cannot.

        Raises
        ------
        LabgridError
            The coordinator cannot be asked, or has no such place.
        """
        if not any(dut.fixture(FIXTURE) for dut in duts):
            return list(duts), []
        there, left = [], []
        for dut in duts:
            spec = dut.fixture(FIXTURE)
            if not spec:
                there.append(dut)
                continue
            place = self._find(spec)
            try:
                there.append(_in_place(dut, place.name, self._wired(spec, place)))
            except LabgridError as error:
                if str(error) not in left:
                    left.append(str(error))
        return there, left

    def _find(self, spec: str) -> labgrid.Place:
        if self._listed is None:
            self._listed = labgrid.places()
        return labgrid_place.find(spec.partition("/")[0], self._listed)

    def _wired(self, spec: str, place: labgrid.Place) -> labgrid_place.Wired:
        """Acquire a place once, whatever comes of it."""
        if spec not in self._done:
            try:
                if all(hold.name != place.name for hold in self._holds):
                    self._holds.append(labgrid_place.hold(place, self._wait_sec))
                self._done[spec] = labgrid_place.wired(place, spec.partition("/")[2])
            except LabgridError as error:
                self._done[spec] = error
        done = self._done[spec]
        if isinstance(done, LabgridError):
            raise done
        return done

    def release(self) -> None:
        """Let all of them go."""
        while self._holds:
            wrong = self._holds.pop().release()
            if wrong:
                print(f"hil: {wrong}", file=sys.stderr)


def _in_place(dut: Dut, place: str, wired: labgrid_place.Wired) -> Dut:
    options = {**dut.options, "port": wired.port}
    if wired.speed:
        options.setdefault("baudrate", str(wired.speed))
    return dataclasses.replace(
        dut,
        options=options,
        hardware=f"labgrid {place}",
        fixtures=(*dut.fixtures, *wired.fixtures),
    )
