# SPDX-License-Identifier: Apache-2.0
"""What is broken: each line in small ways.

A statement dropped, a condition negated, a comparison moved by one, a constant changed, nothing
returned, an argument left out.
"""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator
from typing import NamedTuple

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
    "server_kit/tools/sessions.py",
    "server_kit/transports/base.py",
    "server_kit/transports/handler.py",
    "server_kit/transports/process.py",
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


class Mutant(NamedTuple):
    """A file of the template with one thing changed."""

    file: str
    line: int
    where: str
    """The function, ``Class.method``; empty outside of any."""
    change: str
    number: int
    """From 1, where one change can be made at several places of a function."""
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.change}"

    @property
    def id(self) -> str:
        """What it is known by when lines above it come or go."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.file}: {self.where}: {self.change}{again}"


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Give every mutant of a source text, in the order of the syntax tree."""
    tree = ast.parse(source)
    where = _functions(tree)
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    for owner, name, position, node in _slots(tree):
        for new, what in _alternatives(node, name):
            change = f"{what}: {' '.join(ast.unparse(node).split())[:90]}"
            place = where.get(node.lineno, "")
            seen[place, change] += 1
            _put(owner, name, position, new)
            text = ast.unparse(tree)
            _put(owner, name, position, node)
            yield Mutant(file, node.lineno, place, change, seen[place, change], text)


def _functions(parent: ast.AST, prefix: str = "") -> dict[int, str]:
    """Give the name of the innermost function or class around each line that is in one."""
    names: dict[int, str] = {}
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = f"{prefix}{node.name}"
            names.update(dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), name))
            names.update(_functions(node, f"{name}."))
        else:
            names.update(_functions(node, prefix))
    return names


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
