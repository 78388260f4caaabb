# SPDX-License-Identifier: Apache-2.0
"""The mutation run itself: what is changed, which clauses are asked, killed or survived."""

from __future__ import annotations

import pathlib

import pytest

from microtvm.check.clause import all_clauses
from tests.check import mutate
from tests.check.mutation.mutants import mutants
from tests.check.mutation.reached import Reached, reached, statements_of
from tests.check.mutation.reference import MAKING, Reference
from tests.check.mutation.trial import KILLED, SURVIVES, try_mutant

SERVER = "microtvm_api_server.py"
CLAUSES = {c.id: c for c in all_clauses() if c.id in ("build.flash", "transport.timeouts")}
SOURCE = """\
import os
LIMIT = 65536

def first(a: int, b=os.sep):
    "Give something."
    if a < 3 and b:
        raise ValueError(f"{a + 1}")
    os.remove(a)
    return max(a, 2)

class Second:
    def third(self):
        os.remove(a)
        os.remove(a)
"""


def test_what_is_changed() -> None:
    """Each kind once; no text of an error, no annotation, no docstring, no large number."""
    changes = [
        (m.line, m.change.partition(":")[0]) for m in mutants("x", SOURCE) if m.where == "first"
    ]
    assert changes == [
        (6, "and for or, or for and"),
        (6, "negated"),
        (6, "other comparison"),
        (6, "constant plus 1"),
        (7, "dropped"),
        (8, "dropped"),
        (9, "nothing returned"),
        (9, "last argument left out"),
        (9, "constant plus 1"),
    ]


def test_a_mutant_is_known_by_its_place() -> None:
    """Lines above it may come and go; two equal changes in one function are told apart."""
    ids = [m.id for m in mutants("x", "import sys\n" + SOURCE) if m.where.startswith("Second")]
    change = "x: Second.third: dropped: os.remove(a)"
    assert ids == [change, f"{change} (2)"]


@pytest.fixture(scope="module")
def reference(
    repository: pathlib.Path, tmp_path_factory: pytest.TempPathFactory, tools: None
) -> Reference:
    return Reference(repository / "templates" / "host", tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module")
def seen(reference: Reference) -> Reached:
    return reached(reference, [SERVER], list(CLAUSES.values()))


@pytest.mark.parametrize(
    ("change", "by", "verdict", "killer"),
    [
        ("nothing returned: return HERE.server_i", [MAKING, *CLAUSES], KILLED, "the start"),
        ("dropped: log.info", [MAKING, "build.flash"], SURVIVES, ""),
        ("dropped: build_firmware", [MAKING], KILLED, "transport.timeouts"),
        ("dropped: raise ProjectError", [], None, ""),
    ],
)
def test_only_clauses_that_execute_it_are_asked(
    reference: Reference,
    seen: Reached,
    change: str,
    by: list[str],
    verdict: str | None,
    killer: str,
) -> None:
    """Where making the project executes it, and makes another one, the others are asked too."""
    source = (reference.template / SERVER).read_text(encoding="utf-8")
    mutant = next(m for m in mutants(SERVER, source) if m.change.startswith(change))
    statement = f"{SERVER}:{statements_of(source)[mutant.line]}"
    assert set(seen.by(statement)) == set(by)
    plan = mutate.plan_for(seen, statement, CLAUSES)
    outcome = try_mutant(reference, mutant, plan) if verdict else None
    assert outcome is None or outcome[:2] == (verdict, killer)


def test_results_are_kept_and_listed_by_kind(tmp_path: pathlib.Path) -> None:
    """The last line of a mutant counts; what no kind explains is listed as such."""
    results = mutate.Results(tmp_path / "results.jsonl")
    found = [mutant for mutant, _ in mutate.all_mutants().values()]
    shown = next(m for m in found if m.where == "shown" and m.file == "server_kit/errors.py")
    build = next(m for m in found if m.change.startswith("dropped: build_firmware"))
    results.add(shown, mutate.KILLED)
    results.add(shown, mutate.SURVIVES)
    results.add(build, mutate.SURVIVES)
    mutate.write_list(tmp_path / "list.md", mutate.Results(results.path))
    text = (tmp_path / "list.md").read_text()
    assert f"{len(found)} mutants: 2 survives, {len(found) - 2} not tried" in text
    told, _, unexplained = text.partition("## not explained")
    assert "what people read" in told and f"- {shown.id}\n" in told
    assert f"- {build.id}\n" in unexplained
