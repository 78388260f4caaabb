# SPDX-License-Identifier: Apache-2.0
"""Results as lines for people, as JSON and as JUnit's XML."""

from __future__ import annotations

import pathlib
import shlex
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import IO, Any

from .clause import Clause, Level
from .runner import Result, Verdict

_WORDS = {
    Verdict.HOLDS: ("holds", "green"),
    Verdict.FAILS: ("FAILS", "bold red"),
    Verdict.NOT_APPLICABLE: ("-", "dim"),
}
_ID_WIDTH = 28
_QUIET_SEC = 20.0


class Lines:
    """Tell results as they come: in colour on a terminal, plain elsewhere.

    Parameters
    ----------
    stream : text file
        Where to.
    """

    def __init__(self, stream: IO[str]):
        self._stream = stream
        self._console: Any = None
        self._status: Any = None
        self._told_at = time.monotonic()
        if stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream, highlight=False, soft_wrap=True)

    def clause(self, clause: Clause) -> None:
        """List a clause that is not run."""
        level = "" if clause.level is Level.REQUIRED else " (recommended)"
        self._print(f"{clause.id:<{_ID_WIDTH}}{clause.statement}{level}", "")
        self._print(f"{'':<{_ID_WIDTH}}{clause.source}", "dim")

    def progress(self, text: str) -> None:
        """Tell how far it is: in a line below all on a terminal, now and then elsewhere."""
        now = time.monotonic()
        if self._console is not None:
            if self._status is None:
                self._status = self._console.status(text)
                self._status.start()
            self._status.update(text)
        elif now - self._told_at >= _QUIET_SEC:
            self._print(f"       {text}", "")
            self._told_at = now

    def close(self) -> None:
        """Take the line of progress away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def result(self, result: Result) -> None:
        """Tell what became of a clause."""
        word, style = _WORDS[result.verdict]
        if result.verdict is Verdict.FAILS and not result.counts:
            word, style = "lacks", "yellow"
        note = ""
        if result.verdict is not Verdict.FAILS and result.detail:
            note = f" ({result.detail})"
        clause = result.clause
        self._print(f"{word:<7}{clause.id:<{_ID_WIDTH}}{clause.statement}{note}", style)
        if result.verdict is Verdict.FAILS:
            level = "" if result.counts else f" ({clause.level.value})"
            for label, text in (
                ("seen", result.detail),
                ("do", result.advice),
                ("source", clause.source + level),
            ):
                self._print(f"{'':7}{label + ':':<8}{text}", "")

    def end(self, results: Sequence[Result], seconds: float, again: Sequence[str]) -> None:
        """Tell the sum, and how to look closer.

        Parameters
        ----------
        results : sequence of Result
        seconds : float
            The time all took.
        again : sequence of str
            The command's words, without a choice of clauses.
        """
        totals = count(results)
        self._print(
            f"{totals['holds']} clauses hold, {totals['fails']} fail, {totals['lacks']} recommended"
            f" ones are lacking, {totals['not applicable']} do not apply; {seconds:.1f} s",
            "bold",
        )
        failing = [result for result in results if result.verdict is Verdict.FAILS]
        if failing:
            failing.sort(key=lambda result: not result.counts)
            words = [*again, "--only", failing[0].clause.id, "--verbose"]
            self._print(f"one clause with its transcript: {shlex.join(words)}", "")

    def _print(self, text: str, style: str) -> None:
        if self._console is not None:
            self._console.print(text, style=style or None, markup=False)
        else:
            print(text, file=self._stream, flush=True)


def count(results: Sequence[Result]) -> dict[str, int]:
    """Count results: ``fails`` are required ones, ``lacks`` are recommended ones that fail."""
    verdicts = [result.verdict for result in results]
    counting = sum(result.counts for result in results)
    return {
        "holds": verdicts.count(Verdict.HOLDS),
        "fails": counting,
        "lacks": verdicts.count(Verdict.FAILS) - counting,
        "not applicable": verdicts.count(Verdict.NOT_APPLICABLE),
    }


def to_json(result: Result) -> dict[str, Any]:
    """Give a result as JSON has it."""
    return {
        **describe(result.clause),
        "result": result.verdict.value,
        "detail": result.detail,
        "advice": result.advice,
        "seconds": round(result.seconds, 3),
    }


def describe(clause: Clause) -> dict[str, str]:
    """Give a clause as JSON has it."""
    return {
        "id": clause.id,
        "statement": clause.statement,
        "source": clause.source,
        "level": clause.level.value,
    }


def write_junit(path: pathlib.Path, template: str, results: Sequence[Result]) -> None:
    """Write JUnit's XML: a test case for each clause. What is only recommended never fails one."""
    totals = count(results)
    suite = ElementTree.Element(
        "testsuite",
        name=f"microtvm check {template}",
        tests=str(len(results)),
        failures=str(totals["fails"]),
        errors="0",
        skipped=str(totals["lacks"] + totals["not applicable"]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"microtvm.check.{result.clause.group}",
            name=result.clause.id,
            time=f"{result.seconds:.3f}",
        )
        if result.counts:
            failure = ElementTree.SubElement(case, "failure", message=_printable(result.detail))
            failure.text = _printable(
                f"{result.clause.statement}\nseen: {result.detail}\ndo: {result.advice}\n"
                f"source: {result.clause.source}\n"
            )
        elif result.verdict is Verdict.FAILS:
            message = _printable(f"recommended, and lacking: {result.detail}")
            ElementTree.SubElement(case, "skipped", message=message)
        elif result.verdict is Verdict.NOT_APPLICABLE:
            ElementTree.SubElement(case, "skipped", message=_printable(result.detail))
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or 0x20 <= ord(c) < 0xD800 or ord(c) >= 0xE000)
