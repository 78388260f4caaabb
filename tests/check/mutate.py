#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which mistakes in a template would ``microtvm check`` not notice? A mutation run.

Each line of the host template's server, and of what a clause depends on in ``server_kit``, is
broken in small ways: a statement dropped, a condition negated, a comparison moved by one, a
constant changed, nothing returned, an argument left out. The check runs on each such mutant, up to
the first clause that fails. Mutants that no clause notices survive and are printed, a line each:

    unshare -rpfm --mount-proc python tests/check/mutate.py -j 2 > survivors.txt

In a process namespace of its own, because mutants may signal whom they should not. Where lines are
never reached during a check, that is said instead of running the check on their mutants.
``docs/check.md`` explains the survivors. ``--file`` and ``--every`` choose among the mutants.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import contextlib
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from microtvm.check.clause import Clause, all_clauses  # noqa: E402
from microtvm.check.runner import Verdict, run_one  # noqa: E402
from microtvm.check.workbench import UnusableTemplateError, Workbench  # noqa: E402

LIMIT_SEC = 300.0
_UNDECIDED = "nobody"
MOST = 16
"""Larger numbers are sizes and limits, which one more does not break."""
#: What the clauses are about; the rest is exercised by the tests of server_kit.
FILES = (
    "microtvm_api_server.py",
    "server_kit/errors.py",
    "server_kit/interrupts.py",
    "server_kit/api/base85.py",
    "server_kit/api/handler.py",
    "server_kit/api/jsonrpc.py",
    "server_kit/api/lines.py",
    "server_kit/api/methods.py",
    "server_kit/api/options.py",
    "server_kit/api/server.py",
    "server_kit/api/watcher.py",
    "server_kit/archives/archive.py",
    "server_kit/archives/safe_tar.py",
    "server_kit/projects/directory.py",
    "server_kit/projects/firmware.py",
    "server_kit/projects/generation.py",
    "server_kit/projects/writer.py",
    "server_kit/tools/processes.py",
    "server_kit/transports/base.py",
    "server_kit/transports/handler.py",
    "server_kit/transports/process.py",
)
#: Run last, for they take the most time.
SLOW = (
    "project.self_contained",
    "endings.killed_building",
    "options.values_matter",
    "build.again",
    "build.leaves_no_process",
    "transport.write_deadline",
    "device.mebibyte",
    "transport.no_limit",
    "options.only_given",
    "options.null",
    "options.not_executed",
    "jsonrpc.long_line",
    "build.odd_directory",
    "project.movable",
)

_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_DROPPED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete, ast.Break, ast.Continue)
_NOT_MUTATED = (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.arguments)
_NOT_FIELDS = ("annotation", "returns", "decorator_list", "type")
_HITS = "MICROTVM_MUTATE_HITS"


class Mutant(NamedTuple):
    """A file of the template with one thing changed."""

    file: str
    line: int
    change: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.change}"


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Give every mutant of a source text, in the order of the syntax tree."""
    tree = ast.parse(source)
    for owner, name, position, node in _slots(tree):
        for new, what in _alternatives(node, name):
            shown = " ".join(ast.unparse(node).split())[:90]
            _put(owner, name, position, new)
            yield Mutant(file, node.lineno, f"{what}: {shown}", ast.unparse(tree))
            _put(owner, name, position, node)


def _slots(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Give every node below another with its place: its owner, the field, its place in a list."""
    for name, value in ast.iter_fields(parent):
        if name in _NOT_FIELDS:
            continue
        values = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for position, node in values:
            if not isinstance(node, ast.AST) or isinstance(node, _NOT_MUTATED) or _is_typing(node):
                continue
            if hasattr(node, "lineno"):
                yield parent, name, position, node
            yield from _slots(node)


def _is_typing(node: ast.AST) -> bool:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    of_guard = node.test if isinstance(node, ast.If) else getattr(node, "targets", [None])[0]
    return is_docstring or (of_guard is not None and ast.unparse(of_guard) == "TYPE_CHECKING")


def _put(owner: ast.AST, name: str, position: int | None, node: ast.AST) -> None:
    if position is None:
        setattr(owner, name, node)
    else:
        getattr(owner, name)[position] = node


def _alternatives(node: ast.AST, field: str) -> Iterator[tuple[ast.AST, str]]:
    """Give what may stand in a node's place, and what that is called."""
    is_attribute = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    if isinstance(node, _DROPPED) or is_attribute:
        yield ast.Pass(), "dropped"
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None)), "nothing returned"
    elif isinstance(node, ast.With) and not any(item.optional_vars for item in node.items):
        yield ast.If(ast.Constant(True), node.body, []), "without its context"
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values), "and for or, or for and"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        opposite = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield ast.BinOp(node.left, opposite, node.right), "plus for minus, minus for plus"
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED:
        swapped = [_SWAPPED[type(node.ops[0])](), *node.ops[1:]]
        is_order = isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
        if field not in ("test", "ifs") or is_order:
            yield ast.Compare(node.left, swapped, node.comparators), "other comparison"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value), "constant"
    elif isinstance(node, ast.Constant) and type(node.value) is int and node.value <= MOST:
        yield ast.Constant(node.value + 1), "constant plus 1"
    elif isinstance(node, ast.Call) and len(node.args) + len(node.keywords) > 1:
        if node.keywords:
            yield ast.Call(node.func, node.args, node.keywords[:-1]), "last argument left out"
        else:
            yield ast.Call(node.func, node.args[:-1], []), "last argument left out"
    if field in ("test", "ifs"):
        assert isinstance(node, ast.expr)
        yield ast.UnaryOp(ast.Not(), node), "negated"


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class _Reporting(ast.NodeTransformer):
    """Puts before each statement of a function a note that its line was reached."""

    def __init__(self, file: str) -> None:
        self._file = file

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        for inner in ast.walk(node):
            for name in ("body", "orelse", "finalbody"):
                statements = getattr(inner, name, None)
                if isinstance(statements, list) and statements:
                    setattr(inner, name, list(self._noted(statements)))
        return node

    def _noted(self, statements: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in statements:
            note = f"__import__('mutate_hits').hit({self._file!r}, {statement.lineno})"
            if not _is_typing(statement):
                yield from ast.parse(note).body
            yield statement


_HITS_MODULE = f"""\
import os
_fd = os.open(os.environ[{_HITS!r}], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_seen = set()
def hit(file, line):
    if (file, line) not in _seen:
        _seen.add((file, line))
        os.write(_fd, f"{{file}}:{{line}}\\n".encode())
"""


def reached(template: pathlib.Path, files: Sequence[str]) -> set[tuple[str, int]]:
    """Give the statements of functions, by file and line, that run during a check."""
    with tempfile.TemporaryDirectory(prefix="microtvm-reached-") as room:
        copy = _copy(template, pathlib.Path(room) / "template")
        for file in files:
            tree = _Reporting(file).visit(ast.parse((copy / file).read_text(encoding="utf-8")))
            text = ast.unparse(ast.fix_missing_locations(tree))
            (copy / file).write_text(text, encoding="utf-8")
        (pathlib.Path(room) / "mutate_hits.py").write_text(_HITS_MODULE)
        hits = pathlib.Path(room) / "hits"
        with _environment({_HITS: str(hits), "PYTHONPATH": room}), Workbench(copy) as bench:
            for clause in all_clauses():
                run_one(clause, bench)
        lines = set(hits.read_text().split())
    return {(file, int(line)) for file, line in (entry.rsplit(":", 1) for entry in lines)}


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


def killer(template: pathlib.Path, mutant: Mutant, clauses: Sequence[Clause]) -> str:
    """Run the check on a mutant; give the clause that notices it, or an empty string.

    Where it is not over in time that says nothing: the mutant may wait for ever, or the machine be
    busy.
    """
    with tempfile.TemporaryDirectory(prefix="microtvm-mutant-") as room:
        copy = _copy(template, pathlib.Path(room) / "template")
        (copy / mutant.file).write_text(mutant.text, encoding="utf-8")
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_check, args=(copy, room, clauses, sender))
        process.start()
        sender.close()
        try:
            if not receiver.poll(LIMIT_SEC):
                return _UNDECIDED
            return str(receiver.recv())
        except EOFError:
            return "the check itself was ended"
        finally:
            process.kill()
            process.join()
            _end_all(room)


def _check(
    template: pathlib.Path, room: str, clauses: Sequence[Clause], sender: Connection
) -> None:
    for number in (1, 2):  # what servers print is not the result
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    tempfile.tempdir = room
    os.environ["TMPDIR"] = room
    sender.send(_first_failing(template, clauses))


def _first_failing(template: pathlib.Path, clauses: Sequence[Clause]) -> str:
    try:
        with Workbench(template, end_sec=4) as bench:
            return next((c.id for c in clauses if _fails(c, bench)), "")
    except UnusableTemplateError:
        return "no usable server"


def _fails(clause: Clause, bench: Workbench) -> bool:
    return run_one(clause, bench).verdict is Verdict.FAILS


def _end_all(room: str) -> None:
    """End what a mutant left running: whatever has its directory in the environment."""
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={room}".encode() in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)


def _copy(template: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    ignored = shutil.ignore_patterns("__pycache__", "build")
    return pathlib.Path(shutil.copytree(template, target, ignore=ignored))


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


def main() -> int:
    """Run the check on mutants; print survivors, then counts."""
    parser = argparse.ArgumentParser(description="mutants that microtvm check does not notice")
    parser.add_argument("--file", action="append", choices=FILES, help="of this file alone")
    parser.add_argument("--every", type=int, default=1, help="one mutant of so many; default: 1")
    parser.add_argument("--begin", type=int, default=0, help="leave out so many; default: 0")
    parser.add_argument(
        "--quick", action="store_true", help="leave the clauses out that take the most time"
    )
    parser.add_argument("-j", type=int, default=1, help="mutants at a time; default: 1")
    args = parser.parse_args()
    template = REPOSITORY / "templates" / "host"
    files = args.file or FILES
    seen = reached(template, files)
    clauses = sorted(all_clauses(), key=lambda clause: clause.id in SLOW)
    if args.quick:
        clauses = [clause for clause in clauses if clause.id not in SLOW]
    chosen, unreached = [], []
    for file in files:
        source = (template / file).read_text(encoding="utf-8")
        statements = statements_of(source)
        for number, mutant in enumerate(mutants(file, source)):
            line = statements.get(mutant.line)
            if line is not None and (file, line) not in seen:
                unreached.append(mutant)
            elif number % args.every == 0:
                chosen.append(mutant)
    # So that the part which a run that is ended has got to is a fair one.
    random.Random(0).shuffle(chosen)
    del chosen[: args.begin]
    print(f"{len(chosen)} to check, {len(unreached)} on lines not reached", file=sys.stderr)
    for file, line in sorted({(m.file, m.line) for m in unreached}):
        print(f"not reached: {file}:{line}", flush=True)
    survivors = undecided = 0
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        results = pool.map(lambda mutant: killer(template, mutant, clauses), chosen)
        for number, (mutant, by) in enumerate(zip(chosen, results, strict=True), 1):
            survivors += not by
            undecided += by == _UNDECIDED
            if by == _UNDECIDED:
                print(f"not over after {LIMIT_SEC:g} s: {mutant}", flush=True)
            else:
                print(f"killed by {by}: {mutant}" if by else f"SURVIVES: {mutant}", flush=True)
            print(f"{number} of {len(chosen)}, {survivors} survive", end="\r", file=sys.stderr)
    print(
        f"\n{len(chosen)} mutants, {survivors} survive, {undecided} were not over in time",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
