# SPDX-License-Identifier: Apache-2.0
"""The clauses of ``microtvm check`` that touch hardware, on the firmware that the board has."""

from __future__ import annotations

import contextlib

import pytest

from microtvm.check.clause import Level, all_clauses
from microtvm.check.runner import Verdict, run_one
from microtvm.check.workbench import Workbench

LEFT_OUT = {
    "device.mebibyte",  # minutes at a serial line's rate, and less than the echo soak
    "transport.deadline",  # hundredths of a second of this machine, which many boards share
    "transport.zero_timeout",
}
CLAUSES = {
    clause.id: clause
    for clause in all_clauses()
    if clause.id.split(".")[0] in ("device", "transport") and clause.id not in LEFT_OUT
}


@pytest.fixture(scope="session")
def benches(prepared):
    """What ends with the board, and the workbench that does, once a test has asked for it."""
    with contextlib.ExitStack() as ends:
        yield ends, []


@pytest.fixture
def bench(device, benches):
    """A workbench whose project is the one that the board was flashed with."""
    ends, made = benches
    if not made:
        options = {**device.project.options}
        made.append(ends.enter_context(Workbench(device.template, options, model=None)))
        made[0].seed(device.project_directory)
    return made[0]


@pytest.mark.parametrize("name", CLAUSES)
def test_clause(device, bench, name):
    device.end_server()  # one at a time has the board
    clause, said = CLAUSES[name], []
    bench.say = said.append
    result = run_one(clause, bench)
    if result.verdict is Verdict.NOT_APPLICABLE:
        pytest.skip(result.detail)
    if result.verdict is Verdict.FAILS:
        device.wire.add("log", "\n".join(said[-50:]).encode())
        if clause.level is Level.RECOMMENDED:
            pytest.xfail(f"recommended: {result.detail}")
        pytest.fail(f"{clause.statement} {result.detail}; {result.advice} ({clause.source})")
