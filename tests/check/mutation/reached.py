# SPDX-License-Identifier: Apache-2.0
"""Which clause executes which line: only those can notice that it is broken.

Each clause is run alone, in a workbench of its own with a project that is built already, so that
what clauses share is counted for all of them. What making that project executes is counted apart.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import tempfile
import time
from collections.abc import Iterator, Sequence

from microtvm.check.clause import Clause
from microtvm.check.runner import Verdict, run_one
from microtvm.check.workbench import Workbench

from .reference import MAKING, Reference, copy

_HITS = "MICROTVM_MUTATE_HITS"
_MODULE = "mutate_hits"
_MODULE_TEXT = f"""\
import os
_fd = os.open(os.environ[{_HITS!r}], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_seen = set()
def hit(file, line):
    if (file, line) not in _seen:
        _seen.add((file, line))
        os.write(_fd, f"{{file}}:{{line}}\\n".encode())
"""
TIMES = 2
"""Each clause is run so often: what two processes do at once is not the same each time."""


@dataclasses.dataclass
class Reached:
    """What a clause, or `MAKING`, executes and takes: lines as ``file:line``, seconds."""

    lines: dict[str, set[str]]
    seconds: dict[str, float]

    def by(self, line: str) -> list[str]:
        """Give what executes a line."""
        return [id for id, lines in self.lines.items() if line in lines]


def reached_once(
    path: pathlib.Path, reference: Reference, files: Sequence[str], clauses: Sequence[Clause]
) -> Reached:
    """Give what `reached` gives, kept in a file for as long as the template's files are the same.

    Only clauses that are not in it are run. Remove it where one has changed.
    """
    text = b"".join((reference.template / file).read_bytes() for file in files)
    of = hashlib.sha256(text).hexdigest()
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if kept.get("of") != of:
        kept = {"of": of, "lines": {}, "seconds": {}}
    missing = [clause for clause in clauses if clause.id not in kept["lines"]]
    if missing:
        found = reached(reference, files, missing)
        kept["lines"].update({id: sorted(lines) for id, lines in found.lines.items()})
        kept["seconds"].update(found.seconds)
        path.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    lines = {id: set(lines) for id, lines in kept["lines"].items()}
    return Reached(lines, kept["seconds"])


def reached(reference: Reference, files: Sequence[str], clauses: Sequence[Clause]) -> Reached:
    """Run the clauses on a template whose lines report that they are executed.

    The line 0 of a file is its import.

    Raises
    ------
    RuntimeError
        A clause fails: with a template that is as it should be, nothing can be said of others.
    """
    found = Reached({}, {})
    with tempfile.TemporaryDirectory(prefix="microtvm-reached-") as name:
        room = pathlib.Path(name)
        template = copy(reference.template, room / "template")
        project = copy(reference.project, room / "project")
        for file in files:
            for directory in (template, project):
                _report(directory / file, file, room)
        (room / f"{_MODULE}.py").write_text(_MODULE_TEXT)
        hits = room / "hits"
        with _environment({_HITS: str(hits)}):
            for clause in [None, *clauses] * TIMES:
                hits.write_text("")
                begin = time.monotonic()
                with Workbench(template) as bench:
                    if clause is None:
                        bench.flashed()
                    else:
                        bench.seed(copy(project, bench.place("built") / "project"))
                        result = run_one(clause, bench)
                        if result.verdict is Verdict.FAILS:
                            raise RuntimeError(f"unbroken, {clause.id} fails: {result.detail}")
                id = clause.id if clause else MAKING
                found.lines.setdefault(id, set()).update(hits.read_text().split())
                found.seconds[id] = time.monotonic() - begin
    return found


def statements_of(source: str) -> dict[int, int]:
    """Give for each line in a function the first line of the innermost statement around it."""
    lines: dict[int, int] = {}
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.stmt) and node is not function:
                    end = node.end_lineno or node.lineno
                    lines.update(dict.fromkeys(range(node.lineno, end + 1), node.lineno))
    return lines


class _Reporting(ast.NodeTransformer):
    """Puts before each statement of a function a note that its line was reached."""

    def __init__(self, file: str) -> None:
        self._file = file

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        for inner in ast.walk(node):
            for name in ("body", "orelse", "finalbody"):
                statements = getattr(inner, name, None)
                if isinstance(statements, list) and statements:
                    noted = [part for each in statements for part in (self.note(each.lineno), each)]
                    setattr(inner, name, noted)
        return node

    def note(self, line: int) -> ast.stmt:
        return ast.parse(f"__import__({_MODULE!r}).hit({self._file!r}, {line})").body[0]


def _report(path: pathlib.Path, file: str, room: pathlib.Path) -> None:
    reporting = _Reporting(file)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reporting.visit(tree)
    # After the docstring and the future's annotations. A guardian hears of no PYTHONPATH.
    found = ast.parse(f"__import__('sys').path.append({str(room)!r})").body
    tree.body[2:2] = [*found, reporting.note(0)]
    path.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})
