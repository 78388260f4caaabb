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

    What takes long is building, in most clauses nothing is built: the rest is estimated from the
    mean of those, and from the first build.

    Parameters
    ----------
    clauses : sequence of Clause
        Those that are run, in order.
    """

    def __init__(self, clauses: Sequence[Clause]):
        self._clauses = clauses
        self._begin = time.monotonic()
        self._light: list[float] = []
        self.done = 0

    def add(self, result: Result, build_sec: float | None) -> str:
        """Count a result; give the state in words.

        Parameters
        ----------
        result : Result
        build_sec : float or None
            What a build takes, where that is known.
        """
        self.done += 1
        if not result.clause.builds and result.seconds < (build_sec or float("inf")):
            self._light.append(result.seconds)
        rest = self._clauses[self.done :]
        elapsed = _minutes(time.monotonic() - self._begin)
        text = f"{self.done} of {len(self._clauses)} clauses in {elapsed}"
        if not rest:
            return text
        if build_sec is None:
            return f"{text}; the first build will tell how long the rest takes"
        mean = sum(self._light) / max(1, len(self._light))
        left = sum(mean + clause.builds * build_sec for clause in rest)
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
