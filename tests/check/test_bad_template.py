# SPDX-License-Identifier: Apache-2.0
"""A template that breaks one clause fails that clause, and no other of its group."""

from __future__ import annotations

import os
import pathlib

import pytest

from microtvm.check.clause import Clause, all_clauses
from microtvm.check.runner import Result, Verdict, run
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
    "transport.write_deadline",
}
#: They show in a project that was built earlier, whatever made it.
OF_A_BUILT_PROJECT = {
    clause.id for clause in CLAUSES if clause.group in ("transport", "device", "endings")
} - {"device.model", "endings.killed_generating", "endings.two_generate"}


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


def test_without_a_switch_every_clause_holds(bad_template: pathlib.Path) -> None:
    results = check(CLAUSES, bad_template, None)
    other = {
        name: (r.verdict, r.detail) for name, r in results.items() if r.verdict is not Verdict.HOLDS
    }
    assert not other
