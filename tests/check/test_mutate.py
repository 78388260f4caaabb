# SPDX-License-Identifier: Apache-2.0
"""The mutation run itself: one mutant that a clause kills, one that survives on purpose."""

from __future__ import annotations

import pathlib

from microtvm.check.clause import all_clauses
from tests.check import mutate

SERVER = "microtvm_api_server.py"
SOURCE = """\
import os
LIMIT = 65536

def first(a: int, b=os.sep):
    "Give something."
    if a < 3 and b:
        raise ValueError(f"{a + 1}")
    os.remove(a)
    return max(a, 2)
"""


def test_what_is_changed() -> None:
    """Each kind once; no text of an error, no annotation, no docstring, no large number."""
    changes = [
        (mutant.line, mutant.change.partition(":")[0]) for mutant in mutate.mutants("x", SOURCE)
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


def test_one_is_killed_and_one_survives(repository: pathlib.Path) -> None:
    """By the clauses about server_info_query alone, which build nothing."""
    template = repository / "templates" / "host"
    clauses = [clause for clause in all_clauses() if clause.group == "info"]
    found = list(mutate.mutants(SERVER, (template / SERVER).read_text(encoding="utf-8")))
    query = next(m for m in found if m.change.startswith("nothing returned: return HERE.server_i"))
    note = next(m for m in found if m.change.startswith("dropped: log.info"))
    assert mutate.killer(template, query, clauses) == "no usable server"
    assert mutate.killer(template, note, clauses) == ""
