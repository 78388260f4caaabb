# SPDX-License-Identifier: Apache-2.0
"""The clauses of ``microtvm check`` that touch hardware, on the firmware that the board has."""

from __future__ import annotations

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
def bench(prepared):
    """A workbench whose project is the one that the board was flashed with."""
    options = {**prepared.project.options}
    with Workbench(prepared.template, options, model=None) as made:
        made.seed(prepared.project_directory)
        yield made


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
