#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which mistakes in a template would ``microtvm check`` not notice? A mutation run.

Each line of the host template's server, and of what a clause depends on in ``server_kit``, is
broken in small ways. The check runs on each such mutant, up to the first clause that fails. First
it is found out which clauses execute which line; only those are asked, the quickest first, and
mutants on lines that no clause executes are counted apart.

    unshare -rpf --kill-child --mount-proc python tests/check/mutate.py results.jsonl

In a process namespace of its own, because mutants may signal whom they should not. Each result is
a line of the file; a run that was broken off goes on from there. ``--part 0/2`` and ``--part 1/2``
are two runs at a time. ``--list FILE.md`` writes those that survived. ``docs/check.md`` explains
them.
"""

from __future__ import annotations

import argparse
import collections
import functools
import json
import pathlib
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from microtvm.check.clause import Clause, all_clauses  # noqa: E402
from tests.check.mutation.kinds import KINDS, kind_of  # noqa: E402
from tests.check.mutation.mutants import FILES, Mutant, mutants  # noqa: E402
from tests.check.mutation.reached import Reached, reached_once, statements_of  # noqa: E402
from tests.check.mutation.reference import MAKING, Reference  # noqa: E402
from tests.check.mutation.trial import HANGS, KILLED, SURVIVES, Plan, try_mutant  # noqa: E402

NOT_REACHED = "not reached"
QUICK = "survives one clause of each kind"
_MOST_QUICK = 8
_PATIENCE = 5.0
"""How many times longer is waited for what was not over."""
TEMPLATE = REPOSITORY / "templates" / "host"


@functools.lru_cache(None)
def all_mutants() -> dict[str, tuple[Mutant, str]]:
    """Give every mutant and the statement, ``file:line``, that it is in, by the mutant's id."""
    found = {}
    for file in FILES:
        source = (TEMPLATE / file).read_text(encoding="utf-8")
        statements = statements_of(source)
        for mutant in mutants(file, source):
            found[mutant.id] = mutant, f"{file}:{statements.get(mutant.line, 0)}"
    return found


class Results:
    """A file of JSON lines: for each mutant what became of it, the last line counting."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        records = [json.loads(line) for line in lines]
        self.by_id: dict[str, dict[str, Any]] = {record["id"]: record for record in records}

    def promise(self, file: str, seconds: dict[str, float]) -> Callable[[Clause], float]:
        """Give a key to sort clauses by: first those that are quick and kill much in a file."""
        killers = (r.get("by") for r in self.by_id.values() if r["id"].startswith(f"{file}:"))
        kills = collections.Counter(killers)
        return lambda clause: seconds[clause.id] / (1 + kills[clause.id])

    def add(self, mutant: Mutant, verdict: str, **more: Any) -> None:
        """Append a result."""
        record = {"id": mutant.id, "line": mutant.line, "verdict": verdict, **more}
        self.by_id[mutant.id] = record
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def run(args: argparse.Namespace, results: Results) -> None:
    """Try what has no result yet; what was not over is tried again at the end."""
    clauses = {clause.id: clause for clause in all_clauses()}
    wanted = {id: clauses[id] for id in args.clause or clauses}
    part, parts = map(int, args.part.split("/"))
    found = list(all_mutants().values())[part::parts][:: args.every]
    chosen = [(mutant, at) for mutant, at in found if re.search(args.only, mutant.id)]
    if args.unexplained:
        chosen = [(mutant, at) for mutant, at in chosen if kind_of(mutant.id) is None]
    random.Random(0).shuffle(chosen)  # so that what a run that is ended has got to is a fair part
    with tempfile.TemporaryDirectory(prefix="microtvm-mutants-") as room:
        reference = Reference(TEMPLATE, pathlib.Path(room))
        kept = results.path.with_suffix(".reached.json")
        seen = reached_once(kept, reference, FILES, list(clauses.values()))
        for last in (False, True):
            for number, (mutant, statement) in enumerate(chosen, 1):
                before = results.by_id.get(mutant.id, {})
                verdict = before.get("verdict")
                is_again = args.again and not last and verdict in (SURVIVES, NOT_REACHED, QUICK)
                if verdict is None or is_again or (last and verdict == HANGS):
                    plan = plan_for(seen, statement, wanted, args.how)
                    asked = before.get("asked", [])
                    ask = [clause for clause in plan.clauses if clause.id not in asked]
                    ask.sort(key=results.promise(mutant.file, seen.seconds))
                    ask = ask[:_MOST_QUICK] if args.how == "quick" else ask
                    _try(reference, mutant, plan._replace(clauses=ask), results, last, args)
                    counts = collections.Counter(r["verdict"] for r in results.by_id.values())
                    print(f"{number} of {len(chosen)}: {dict(counts)}", file=sys.stderr)


def plan_for(seen: Reached, statement: str, clauses: Mapping[str, Clause], how: str = "") -> Plan:
    """Give what a mutant of a statement is held to.

    ``how`` may be "whole", then it is all clauses, or "quick": of clauses that execute the same
    lines of the file one, and the project that they share is not made.
    """
    by = [*clauses, MAKING] if how == "whole" else seen.by(statement)
    hit = [clause for id, clause in clauses.items() if id in by]
    others = [clause for id, clause in clauses.items() if id not in by]
    if how == "quick":
        hit.sort(key=lambda clause: -seen.seconds[clause.id])
        file = statement.rpartition(":")[0] + ":"
        one = {frozenset(at for at in seen.lines[c.id] if at.startswith(file)): c for c in hit}
        return Plan(list(one.values()), [], not hit and MAKING in by, seen.seconds)
    return Plan(hit, others, MAKING in by, seen.seconds)


def _try(
    reference: Reference,
    mutant: Mutant,
    plan: Plan,
    results: Results,
    is_last: bool,
    args: argparse.Namespace,
) -> None:
    before = results.by_id.get(mutant.id, {})
    if not plan.clauses and not plan.is_made:
        if not args.clause and before.get("verdict") in (None, QUICK):
            results.add(mutant, SURVIVES if before else NOT_REACHED)
        return
    begin = time.monotonic()
    patience = _PATIENCE if is_last else 1.0
    verdict, by, detail = try_mutant(reference, mutant, plan, patience)
    more = {}
    if verdict == HANGS and is_last:
        verdict, detail = KILLED, f"hangs, twice: {detail}"
    if verdict == SURVIVES and before.get("verdict") != SURVIVES and (args.how or args.clause):
        verdict = QUICK
        more["asked"] = [*before.get("asked", ()), *(clause.id for clause in plan.clauses)]
    seconds = round(time.monotonic() - begin, 1)
    results.add(mutant, verdict, by=by, detail=detail[:200], seconds=seconds, **more)


def write_list(path: pathlib.Path, results: Results) -> None:
    """Write what survived, by kind and file, as Markdown."""
    known = all_mutants()
    records = {id: record for id, record in results.by_id.items() if id in known}
    counts = collections.Counter(record["verdict"] for record in records.values())
    text = ["# Mutants that `microtvm check` does not notice", ""]
    text += ["Written by `tests/check/mutate.py --list`; [check.md](check.md) explains how.", ""]
    tried = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
    text += [f"{len(known)} mutants: {tried}, {len(known) - len(records)} not tried.", ""]
    text += ["`-`: survives; `q`: survives the clauses that were asked first; `n`: not reached."]
    signs = {SURVIVES: "-", QUICK: "q", NOT_REACHED: "n"}
    for kind in (*KINDS, None):
        ids = [id for id in known if kind_of(id) == kind]
        ids = [id for id in ids if id in records and records[id]["verdict"] in signs]
        name, why = (kind.name, kind.why) if kind else ("not explained", "")
        text += ["", f"## {name}: {len(ids)}", "", why, "", "```"] if ids else []
        text += [f"{signs[records[id]['verdict']]} {id}" for id in ids] + ["```"] * bool(ids)
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def main() -> int:
    """Run the check on mutants; print how far it is."""
    parser = argparse.ArgumentParser(description="mutants that microtvm check does not notice")
    parser.add_argument("results", type=pathlib.Path, help="JSON lines, kept and added to")
    parser.add_argument("--part", default="0/1", help="of so many runs the one; default: 0/1")
    parser.add_argument("--every", type=int, default=1, help="one mutant of so many; default: 1")
    parser.add_argument("--only", default="", help="those whose name this expression finds")
    parser.add_argument(
        "--unexplained", action="store_true", help="those of no kind in mutation/kinds.py"
    )
    parser.add_argument(
        "--again", action="store_true", help="try survivors again, for clauses that are new"
    )
    parser.add_argument("--clause", action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--how",
        choices=("quick", "whole"),
        default="",
        help="quick: of clauses that execute the same lines one; whole: all clauses",
    )
    parser.add_argument("--list", type=pathlib.Path, help="write survivors to this file, run none")
    args = parser.parse_args()
    results = Results(args.results)
    if args.list:
        write_list(args.list, results)
    else:
        run(args, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
