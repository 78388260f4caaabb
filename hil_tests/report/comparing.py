# SPDX-License-Identifier: Apache-2.0
"""What got slower, larger or lost between two runs, told apart from what is noise."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

from . import shown
from .recording import merge
from .runs import RecordedTest, Run, is_number
from .spread import Spread

LEAST_SHIFT = 0.10
"""By how much a median has to shift, whatever the spread."""
MANY_SAMPLES = 10
LEAST_SAMPLES = 3
THROUGHPUT_SHIFT = 0.20
"""Of one figure nothing says how it is spread."""
LEAST_BYTES = 32
"""Paths and dates that are compiled in move a few bytes."""
COUNT_SHIFT = 0.01

RULES = (
    "Slower or faster: the medians are at least 10 % apart, and the middle halves of the samples "
    "of both runs do not overlap (all of the samples, where there are 3 to 9; of fewer nothing is "
    "concluded). Throughput, which is one figure: at least 20 %. Larger or smaller: at least 32 "
    "bytes. Counts of instructions: at least 1 %. Boards and tests are known by their names. What "
    "a run leaves out by its options (-k, --board and their like) is not counted as gone."
)

WORSE = (
    *("board gone", "board died", "newly failing", "test gone"),
    *("slower", "larger", "newly skipped"),
)
BETTER = ("faster", "smaller", "mended", "newly run")
NEUTRAL = ("board new", "test new")
_ORDER = (*WORSE, *BETTER, *NEUTRAL)


@dataclasses.dataclass(frozen=True)
class Change:
    """Something that is not as it was.

    Parameters
    ----------
    verdict : str
        One of `WORSE`, `BETTER` or `NEUTRAL`.
    board : str
    what : str
        The figure or the test; empty for a whole board.
    before, now : str
        With their units.
    change : str
        By how much.
    """

    verdict: str
    board: str
    what: str = ""
    before: str = ""
    now: str = ""
    change: str = ""

    @property
    def is_worse(self) -> bool:
        """Whether it is to be looked at."""
        return self.verdict in WORSE


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    Parameters
    ----------
    older : str
        When the older run began.
    changes : list of Change
        The worse first.
    compared : int
        How many figures are in both runs and have enough samples.
    undecided : list of str
        Figures that are in both and have too few samples.
    medians : dict
        Of the older run: board to latency to seconds.
    """

    older: str
    changes: list[Change]
    compared: int
    undecided: list[str]
    medians: dict[str, dict[str, float]]

    @property
    def is_worse(self) -> bool:
        """Whether anything got slower or larger, fails now, or is gone."""
        return any(change.is_worse for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """Give it as a line of a recorded run."""
        return {
            "kind": "comparison",
            "with": self.older,
            "rules": RULES,
            "worse": self.is_worse,
            "compared": self.compared,
            "undecided": self.undecided,
            "medians": self.medians,
            "changes": [dataclasses.asdict(change) for change in self.changes],
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Comparison:
        """Make one of what `to_json` gave; what is of another form is left out."""
        names = [field.name for field in dataclasses.fields(Change)]
        changes = [
            Change(**{name: str(one.get(name, "")) for name in names})
            for one in told.get("changes") or []
            if isinstance(one, dict) and one.get("verdict") in _ORDER
        ]
        undecided = told.get("undecided")
        compared = told.get("compared")
        medians = {
            board: {name: one for name, one in figures.items() if is_number(one) and one >= 0}
            for board, figures in (told.get("medians") or {}).items()
            if isinstance(figures, dict)
        }
        return cls(
            str(told.get("with", "")),
            changes,
            compared if isinstance(compared, int) else 0,
            [str(one) for one in undecided] if isinstance(undecided, list) else [],
            medians,
        )

    def summary(self) -> str:
        """Say it in a line."""
        counts = Counter(change.verdict for change in self.changes)
        told = [_counted(counts[verdict], verdict) for verdict in _ORDER if counts[verdict]]
        of = (
            f"of {shown.plural(self.compared, 'figure')}" if self.compared else "no figures in both"
        )
        return f"{', '.join(told) or 'nothing changed'} ({of})"

    def lines(self, limit: int = 4) -> list[str]:
        """Say it to people: what got worse, of each sort some."""
        when = shown.date(self.older) or "an unknown date"
        lines = [f"compared with the run of {when}: {self.summary()}"]
        worse = Counter(change.verdict for change in self.changes if change.is_worse)
        said: Counter[str] = Counter()
        for one in self.changes:
            said[one.verdict] += 1
            if not one.is_worse or said[one.verdict] > limit:
                continue
            told = f": {one.before} -> {one.now} {one.change}" if one.before and one.now else ""
            lines.append(f"  {one.verdict}: {one.board} {one.what}".rstrip() + told.rstrip())
        more = sum(max(0, count - limit) for count in worse.values())
        if more:
            lines.append(f"  and {more} more, see the report")
        return [shown.visible(shown.short(line)) for line in lines]


def _counted(count: int, verdict: str) -> str:
    what, _, how = verdict.partition(" ")
    return (
        f"{count} {what}s {how}"
        if what in ("board", "test") and count > 1
        else f"{count} {verdict}"
    )


def compare(older: Run, newer: Run) -> Comparison:
    """Compare a run with an older one."""
    found = _Findings()
    before = {board.name for board in older.boards}
    now = {board.name for board in newer.boards}
    if not newer.narrowed:
        found.changes += [Change("board gone", name) for name in sorted(before - now)]
    found.changes += [Change("board new", name) for name in sorted(now - before)]
    for board in newer.boards:
        if board.name in before:
            of_older, of_newer = older.tests_of(board.name), newer.tests_of(board.name)
            found.changes += [
                change
                for change in _outcomes(board.name, of_older, of_newer)
                if change.verdict != "test gone" or not newer.narrowed
            ]
            found.figures(board.name, figures_of(of_older), figures_of(of_newer))
    found.changes.sort(key=lambda change: _ORDER.index(change.verdict))
    return Comparison(
        older.begun, found.changes, found.compared, found.undecided, _medians(older, now)
    )


def _medians(run: Run, boards: set[str]) -> dict[str, dict[str, float]]:
    return {
        board.name: {
            name: Spread.of(figure["seconds"]).median
            for name, figure in figures_of(run.tests_of(board.name)).get("latency", {}).items()
            if figure["seconds"]
        }
        for board in run.boards
        if board.name in boards
    }


def figures_of(tests: list[RecordedTest]) -> dict[str, dict[str, Any]]:
    """Join what a board's tests measured."""
    figures: dict[str, dict[str, Any]] = {}
    for test in tests:
        merge(figures, test.figures)
    return figures


def _outcomes(board: str, older: list[RecordedTest], newer: list[RecordedTest]) -> Iterator[Change]:
    before = {test.name: test for test in older}
    now = {test.name: test for test in newer}
    of_dead = [name for name, test in now.items() if test.state == "not run"]
    if of_dead and not any(test.state == "not run" for test in older):
        yield Change("board died", board, change=f"{shown.plural(len(of_dead), 'test')} not run")
    for name in dict.fromkeys([*now, *before]):
        if name not in now:
            yield Change("test gone", board, name, before[name].state, "not there")
        elif name not in before:
            is_wrong = now[name].state == "failed"
            yield Change(
                "newly failing" if is_wrong else "test new",
                board,
                name,
                "not there",
                now[name].state,
            )
        else:
            yield from _outcome(board, before[name], now[name])


def _outcome(board: str, before: RecordedTest, now: RecordedTest) -> Iterator[Change]:
    told = (board, now.name, before.state, now.state)
    if now.state == "failed" and not before.is_wrong:
        yield Change("newly failing", *told)
    elif before.is_wrong and now.outcome == "passed":
        yield Change("mended", *told)
    elif now.outcome == "skipped" and before.outcome != "skipped":
        yield Change("newly skipped", *told)
    elif before.outcome == "skipped" and now.outcome == "passed":
        yield Change("newly run", *told)


class _Findings:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.compared = 0
        self.undecided: list[str] = []

    def figures(self, board: str, before: dict[str, Any], now: dict[str, Any]) -> None:
        for kind, decide in _DECIDED_BY.items():
            for name, figure in now.get(kind, {}).items():
                other = before.get(kind, {}).get(name)
                if other is None:
                    continue
                verdicts = decide(name, other, figure)
                if verdicts is None:
                    self.undecided.append(f"{board}: {name}")
                    continue
                self.compared += 1
                self.changes += [Change(verdict, board, *told) for verdict, *told in verdicts]


Told = tuple[str, str, str, str, str]
"""Verdict, what, before, now, change."""


def _latency(name: str, before: dict[str, Any], now: dict[str, Any]) -> list[Told] | None:
    if min(len(before["seconds"]), len(now["seconds"])) < LEAST_SAMPLES:
        return None
    one, other = Spread.of(before["seconds"]), Spread.of(now["seconds"])
    if min(one.number, other.number) < MANY_SAMPLES:
        apart = (other.least - one.most, one.least - other.most)
    else:
        apart = (
            other.lower_quartile - one.upper_quartile,
            one.lower_quartile - other.upper_quartile,
        )
    is_slower = apart[0] > 0 and other.median >= (1 + LEAST_SHIFT) * one.median
    is_faster = apart[1] > 0 and one.median >= (1 + LEAST_SHIFT) * other.median
    if not is_slower and not is_faster:
        return []
    medians = shown.seconds(one.median), shown.seconds(other.median)
    change = shown.ratio(other.median, one.median)
    return [("slower" if is_slower else "faster", f"{name} (median)", *medians, change)]


def _throughput(name: str, before: dict[str, Any], now: dict[str, Any]) -> list[Told]:
    one, other = (figure["bytes"] / figure["seconds"] for figure in (before, now))
    if abs(other - one) < THROUGHPUT_SHIFT * one:
        return []
    verdict = "slower" if other < one else "faster"
    change = shown.ratio(other, one)
    return [(verdict, f"{name} (throughput)", shown.rate(one), shown.rate(other), change)]


def _sizes(name: str, before: dict[str, Any], now: dict[str, Any]) -> list[Told]:
    told = []
    for key, what in (("flash_bytes", "flash"), ("ram_bytes", "RAM")):
        more = now[key] - before[key]
        if abs(more) >= LEAST_BYTES:
            verdict = "larger" if more > 0 else "smaller"
            sizes = f"{before[key]:,} bytes", f"{now[key]:,} bytes"
            told.append((verdict, f"{name} ({what})", *sizes, f"{more:+,} bytes"))
    return told


def _counts(name: str, before: dict[str, Any], now: dict[str, Any]) -> list[Told] | None:
    if before["unit"] != now["unit"]:
        return None
    one, other = before["number"], now["number"]
    if abs(other - one) < max(COUNT_SHIFT * one, 1e-12):
        return []
    verdict = "slower" if other > one else "faster"
    what = f"{name} ({now['unit']})"
    return [(verdict, what, shown.number(one), shown.number(other), shown.ratio(other, one))]


_DECIDED_BY = {
    "latency": _latency,
    "throughput": _throughput,
    "sizes": _sizes,
    "counts": _counts,
}
