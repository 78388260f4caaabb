# SPDX-License-Identifier: Apache-2.0
"""A clause: one promise of the Project API, where it is written down, and what tests it.

Adding a clause is adding a function to a file of `clauses`. Its docstring is the statement.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .work import Work

if TYPE_CHECKING:
    from .workbench import Workbench

Test: TypeAlias = "Callable[[Workbench], str | None]"
Effort: TypeAlias = "Work | Callable[[Workbench], Work]"

RFC = "RFC"
JSON_RPC = "JSON-RPC 2.0"
SHIPPED = "TVM 0.18 project_api"


class Level(enum.Enum):
    """How much depends on a clause."""

    REQUIRED = "required"
    """Written in the RFC or in JSON-RPC 2.0, relied upon by TVM, or a matter of safety."""
    RECOMMENDED = "recommended"
    """Good for whoever uses the template; its failing does not fail the check."""


class Fails(Exception):
    """A clause does not hold.

    Parameters
    ----------
    seen : str
        What the server did.
    advice : str
        What whoever wrote the template can do.
    """

    def __init__(self, seen: str, advice: str):
        super().__init__(seen)
        self.seen = seen
        self.advice = advice


class NotApplicable(Exception):
    """A clause says nothing about this template, or cannot be tested here; ``str()`` says why."""


@dataclasses.dataclass(frozen=True)
class Clause:
    """One promise.

    Parameters
    ----------
    id : str
        ``group.name``.
    statement : str
        One sentence.
    source : str
        Where it is written down.
    level : Level
    effort : Work or callable
        What it generates and builds, apart from the project that clauses share. Where that depends
        on the template, a function of the `Workbench`.
    test : callable
        Takes a `Workbench`; returns a figure worth telling or None; raises `Fails` or
        `NotApplicable`.
    """

    id: str
    statement: str
    source: str
    level: Level
    test: Test
    effort: Effort = Work()

    def work(self, bench: Workbench) -> Work:
        """Give what it generates and builds of this template."""
        return self.effort if isinstance(self.effort, Work) else self.effort(bench)

    @property
    def group(self) -> str:
        """The first part of the id."""
        return self.id.partition(".")[0]


_registered: dict[str, Clause] = {}
_NO_WORK = Work()


def clause(
    id: str, source: str, *, level: Level = Level.REQUIRED, effort: Effort = _NO_WORK
) -> Callable[[Test], Test]:
    """Register the decorated function as the test of a clause.

    Parameters
    ----------
    id : str
        ``group.name``, unique.
    source : str
        Document and section.
    level : Level, optional
    effort : Work or callable, optional
        As in `Clause`.
    """

    def register(test: Test) -> Test:
        if id in _registered:
            raise ValueError(f"there are two clauses {id!r}")
        statement = (test.__doc__ or "").strip().partition("\n")[0]
        _registered[id] = Clause(id, statement, source, level, test, effort)
        return test

    return register


def all_clauses() -> list[Clause]:
    """Give every clause, in the order of the groups and of the functions in their files."""
    from . import clauses

    for name in clauses.ORDER:
        importlib.import_module(f"{clauses.__name__}.{name}")
    missing = {module.name for module in pkgutil.iter_modules(clauses.__path__)} - {*clauses.ORDER}
    if missing:
        raise RuntimeError(f"clauses.ORDER does not name {', '.join(sorted(missing))}")
    return list(_registered.values())


def expect(condition: object, seen: str, advice: str) -> None:
    """Raise `Fails` unless the condition is true."""
    if not condition:
        raise Fails(seen, advice)
