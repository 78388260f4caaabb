# SPDX-License-Identifier: Apache-2.0
"""Which worker of pytest-xdist runs which test: all tests of a piece of hardware are one worker's.

xdist's own ``loadgroup`` is not used: it marks a test's name by an attribute that pytest 9.2 does
not read any more, so that tests are dealt out one by one without a word.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from .dut import Dut, dut_of


class BoardScheduling(LoadScopeScheduling):
    """Deals out boards.

    Parameters
    ----------
    config : pytest.Config
    log : xdist.remote.Producer
    duts : list of Dut
    """

    def __init__(self, config, log, duts: list[Dut]):
        super().__init__(config, log)
        self._duts = duts

    def _split_scope(self, nodeid: str) -> str:
        dut = dut_of(nodeid, self._duts)
        return nodeid if dut is None else dut.hardware or dut.name

    def remove_node(self, node) -> str | None:
        """Take up what a worker leaves when it ends; give the test that it died in.

        xdist's own has that test run again by the next worker, which may die of it as well.
        """
        left = self.assigned_work.pop(node)
        pending = [(unit, one) for unit in left.values() for one, done in unit.items() if not done]
        if not pending:
            return None
        unit, crashed = pending[0]
        unit[crashed] = True
        self.workqueue.update({s: unit for s, unit in left.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed
