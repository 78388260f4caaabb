# SPDX-License-Identifier: Apache-2.0
"""Run clauses one after the other and say what became of each."""

from __future__ import annotations

import dataclasses
import enum
import time
import traceback
from collections.abc import Iterator, Sequence

from .clause import Clause, Fails, Level, NotApplicable
from .wire import NoAnswer, ReplyError
from .workbench import Workbench


class Verdict(enum.Enum):
    """What became of a clause."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_APPLICABLE = "not applicable"


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a clause.

    Parameters
    ----------
    clause : Clause
    verdict : Verdict
    detail : str
        A figure, what was seen, or why the clause does not apply.
    advice : str
        What to do where it fails.
    seconds : float
    """

    clause: Clause
    verdict: Verdict
    detail: str
    advice: str
    seconds: float

    @property
    def counts(self) -> bool:
        """Whether it fails the check as a whole."""
        return self.verdict is Verdict.FAILS and self.clause.level is Level.REQUIRED


def run(clauses: Sequence[Clause], bench: Workbench) -> Iterator[Result]:
    """Test clauses in order; each is told as soon as it is known."""
    for clause in clauses:
        bench.say(f"== {clause.id}")
        yield run_one(clause, bench)


class Progress:
    """How far a check is, and how long the rest will take.

    What takes long is generating and building, and how often a clause does that it says itself. All
    else is taken to cost as much in the clauses that are left as it did in those before.

    Parameters
    ----------
    clauses : sequence of Clause
        Those that are run, in order.
    bench : Workbench
        What they are run on.
    """

    def __init__(self, clauses: Sequence[Clause], bench: Workbench):
        self._clauses = clauses
        self._bench = bench
        self._begin = time.monotonic()
        self._seconds = 0.0
        self.done = 0

    def add(self, result: Result) -> str:
        """Count a result; give the state in words."""
        self.done += 1
        self._seconds += result.seconds
        rest = self._clauses[self.done :]
        elapsed = _minutes(time.monotonic() - self._begin)
        text = f"{self.done} of {len(self._clauses)} clauses in {elapsed}"
        if not rest:
            return text
        meter = self._bench.meter
        if not meter.has_built:
            return f"{text}; the first build will tell how long the rest takes"
        mean = max(0.0, self._seconds - meter.seconds) / self.done
        left = sum(mean + meter.estimate(clause.work(self._bench)) for clause in rest)
        return f"{text}, about {_minutes(left)} left"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def run_one(clause: Clause, bench: Workbench) -> Result:
    """Test one clause."""
    begin = time.monotonic()

    def result(verdict: Verdict, detail: str, advice: str = "") -> Result:
        return Result(clause, verdict, detail, advice, time.monotonic() - begin)

    try:
        return result(Verdict.HOLDS, clause.test(bench) or "")
    except NotApplicable as reason:
        return result(Verdict.NOT_APPLICABLE, str(reason))
    except Fails as error:
        return result(Verdict.FAILS, error.seen, error.advice)
    except (ReplyError, NoAnswer) as error:
        return result(Verdict.FAILS, str(error), "see what is said and answered with --verbose")
    except Exception as error:
        # Servers answer with things nobody thought of; the other clauses are still worth knowing.
        bench.say(traceback.format_exc())
        return result(
            Verdict.FAILS,
            f"{type(error).__name__}: {error}",
            "if the server's answers are what they should be, this is a mistake of the check",
        )
