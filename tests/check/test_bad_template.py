# SPDX-License-Identifier: Apache-2.0
"""A template that breaks one clause fails that clause, and no other of its group."""

from __future__ import annotations

import os
import pathlib

import pytest

from microtvm.check.clause import Clause, all_clauses
from microtvm.check.runner import Result, Verdict, run
from microtvm.check.work import Work
from microtvm.check.workbench import Workbench
from tests.check.conftest import OPTIONS

CLAUSES = all_clauses()
#: Not tested as neighbours of others: they build, or wait, for as long as all others together.
SLOW = {
    "build.odd_directory",
    "endings.killed_building",
    "jsonrpc.long_line",
    "options.not_executed",
    "options.null",
    "options.odd_values",
    "options.only_given",
    "options.values_matter",
    "project.movable",
    "project.self_contained",
    "transport.exact_read",
    "transport.no_limit",
    "transport.odd_timeout",
    "transport.open_unbuilt",
    "transport.write_deadline",
    "transport.write_pieces",
}
#: They show in a project that was built earlier, whatever made it.
OF_A_BUILT_PROJECT = {
    clause.id for clause in CLAUSES if clause.group in ("transport", "device", "endings")
} - {"device.model", "endings.killed_generating", "endings.two_generate"}

#: Clients are killed, perhaps when a project is whole or before one is begun; and what means harm
#: may be taken by as many options as the template has.
UNSURE = {"endings.killed_building", "endings.killed_generating", "options.not_executed"}


def check(
    clauses: list[Clause], template: pathlib.Path, project: pathlib.Path | None
) -> dict[str, Result]:
    with Workbench(template, OPTIONS, end_sec=4) as bench:
        if project is not None:
            bench.seed(project)
        return {result.clause.id: result for result in run(clauses, bench)}


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_what_breaks_a_clause_fails_it_alone(
    clause: Clause,
    bad_template: pathlib.Path,
    bad_project: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MICROTVM_BAD", clause.id)
    seed = bad_project if clause.id in OF_A_BUILT_PROJECT else None
    near = [
        other
        for other in CLAUSES
        if other == clause or (other.group == clause.group and other.id not in SLOW)
    ]
    results = check(near, bad_template, seed)
    os.chmod(bad_template / "microtvm_api_server.py", 0o755)
    failing = {name: r.detail for name, r in results.items() if r.verdict is Verdict.FAILS}
    assert set(failing) == {clause.id}, failing
    assert results[clause.id].detail and results[clause.id].advice


@pytest.mark.parametrize("how", ["in quotes, once", "alone"])
def test_values_are_tried_together_and_each_by_itself(
    how: str, bad_template: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only the first build of a project executes, and what longer texts hide."""
    (clause,) = (clause for clause in CLAUSES if clause.id == "options.not_executed")
    monkeypatch.setenv("MICROTVM_BAD", f"{clause.id} {how}")
    result = check([clause], bad_template, None)[clause.id]
    assert result.verdict is Verdict.FAILS and "executed" in result.detail


def test_without_a_switch_every_clause_holds_and_builds_as_often_as_it_says(
    bad_template: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = tmp_path / "tally"
    monkeypatch.setenv("MICROTVM_TALLY", str(tally))
    wrong = {}
    with Workbench(bad_template, OPTIONS, end_sec=4) as bench:
        bench.flashed()  # what clauses share
        for clause in CLAUSES:
            tally.write_text("")
            result = next(run([clause], bench))
            said = clause.work(bench)
            done = Work(*map(tally.read_text().split().count, Work._fields))
            is_as_said = said == done
            if clause.id in UNSURE:
                is_as_said = said[0] <= done[0] and sum(said[1:]) == sum(done[1:])
            if result.verdict is not Verdict.HOLDS or not is_as_said:
                wrong[clause.id] = (result.verdict, result.detail, said, done)
    assert not wrong
