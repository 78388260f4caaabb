# SPDX-License-Identifier: Apache-2.0
"""One mutant held to the clauses that execute what is broken in it, up to the first that fails."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pathlib
import signal
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from microtvm.check import wire
from microtvm.check.clause import Clause
from microtvm.check.runner import Verdict, run_one
from microtvm.check.workbench import UnusableTemplateError, Workbench

from .mutants import Mutant
from .reference import MAKING, Reference, copy

KILLED = "killed"
SURVIVES = "survives"
HANGS = "not over"
_LEAST_SEC = 90.0
_TIMES_USUAL = 30.0
_END_SEC = 4.0
#: What `wire` waits for an answer, and for work: an unbroken template takes a hundredth.
_ANSWER_SEC = 6.0
_WORK_SEC = 30.0
_START = "the start"
_WANT_OF_TIME = ("server did not answer within", "read no request for", "went on for")


class Outcome(NamedTuple):
    """What became of a mutant: `KILLED`, `SURVIVES` or `HANGS`, and by which clause."""

    verdict: str
    by: str = ""
    detail: str = ""


class Plan(NamedTuple):
    """What a mutant is held to.

    Parameters
    ----------
    clauses : list of Clause
        Those that execute what is broken, in the order in which they are asked.
    others : sequence of Clause
        Those that do not. They are asked only where another project is made.
    is_made : bool
        Whether making the project that clauses share executes what is broken.
    seconds : dict
        What each clause takes, by its id.
    """

    clauses: list[Clause]
    others: Sequence[Clause]
    is_made: bool
    seconds: dict[str, float]


def try_mutant(reference: Reference, mutant: Mutant, plan: Plan, patience: float = 1.0) -> Outcome:
    """Run the check on a mutant in a process of its own.

    Clauses are given a project that the unbroken template made. Where none fails, the mutant makes
    one: only if that is another one, clauses are asked again, all of them.

    Where a clause is not over in many times what it usually takes, or fails for want of an answer,
    that says nothing yet: the mutant may wait for ever, or the machine be busy. ``patience`` is how
    many times longer to wait.
    """
    with tempfile.TemporaryDirectory(prefix="microtvm-mutant-", ignore_cleanup_errors=True) as room:
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        arguments = (reference, mutant, plan, patience, room, sender)
        process = context.Process(target=_check, args=arguments)
        process.start()
        sender.close()
        at = _START
        try:
            while True:
                usual = 0.0 if at == _START else plan.seconds[at]
                if not receiver.poll(patience * (_LEAST_SEC + _TIMES_USUAL * usual)):
                    return Outcome(HANGS, at)
                said = receiver.recv()
                if isinstance(said, Outcome):
                    return said
                at = said
        except EOFError:
            return Outcome(HANGS, at, "the check itself was ended")
        finally:
            process.kill()
            process.join()
            _end_all(room)


def _check(
    reference: Reference,
    mutant: Mutant,
    plan: Plan,
    patience: float,
    room: str,
    sender: Connection,
) -> None:
    for number in (1, 2):  # what servers print is not the result
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    tempfile.tempdir = os.environ["TMPDIR"] = room
    answer_sec = patience * _ANSWER_SEC
    wire.ANSWER_SEC, wire.WORK_SEC = answer_sec, patience * _WORK_SEC
    wire.Server.receive_any.__defaults__ = wire.Server.receive.__defaults__ = (answer_sec,)
    template = _broken(reference.template, pathlib.Path(room) / "template", mutant)
    project = _broken(reference.project, pathlib.Path(room) / "project", mutant)
    try:
        with Workbench(template, end_sec=patience * _END_SEC) as bench:
            bench.seed(project)
            outcome = _first_failing(bench, plan.clauses, sender)
        if not outcome and plan.is_made:
            sender.send(MAKING)
            with Workbench(template, end_sec=patience * _END_SEC) as bench:
                if not reference.is_made_by(bench, mutant.file):
                    outcome = _first_failing(bench, [*plan.others, *plan.clauses], sender)
    except UnusableTemplateError as error:
        outcome = _killed(_START, str(error))
    sender.send(outcome or Outcome(SURVIVES))


def _killed(by: str, detail: str) -> Outcome:
    is_for_want_of_time = any(words in detail for words in _WANT_OF_TIME)
    return Outcome(HANGS if is_for_want_of_time else KILLED, by, detail)


def _first_failing(
    bench: Workbench, clauses: Sequence[Clause], sender: Connection
) -> Outcome | None:
    for clause in clauses:
        sender.send(clause.id)
        detail = _how_it_fails(clause, bench)
        if detail:
            return _killed(clause.id, detail)
    return None


def _how_it_fails(clause: Clause, bench: Workbench) -> str:
    """Give what was seen where a clause fails twice: once may be for want of time."""
    detail = ""
    for _ in range(2):
        result = run_one(clause, bench)
        if result.verdict is not Verdict.FAILS:
            return ""
        detail = result.detail
    return detail


def _broken(source: pathlib.Path, target: pathlib.Path, mutant: Mutant) -> pathlib.Path:
    copy(source, target)
    (target / mutant.file).write_text(mutant.text, encoding="utf-8")
    return target


def _end_all(room: str) -> None:
    """End what a mutant left running: whatever has its directory in the environment."""
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={room}".encode() in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)
