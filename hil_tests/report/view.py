# SPDX-License-Identifier: Apache-2.0
"""A run as its page shows it: what went wrong first."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

from . import plots, shown
from .comparing import Change, Comparison, figures_of
from .runs import RecordedBoard, RecordedTest, Run
from .spread import Spread

MARKS = {"passed": "✓", "failed": "✗", "skipped": "–", "not run": "·"}
KINDS = {"attached": "attached", "emulated": "emulated", "host": "this machine", "": "not told"}


@dataclasses.dataclass
class BoardView:
    """A board and all that is known of it."""

    anchor: str
    board: RecordedBoard
    tests: list[RecordedTest]
    figures: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """Its name."""
        return self.board.name

    @property
    def counts(self) -> Counter[str]:
        """How many tests came out how."""
        return Counter(test.state for test in self.tests)

    @property
    def death(self) -> RecordedTest | None:
        """The first test that was not asked of the board any more, because it was dead."""
        return next((test for test in self.tests if test.state == "not run"), None)

    @property
    def failures(self) -> list[RecordedTest]:
        """What went wrong, without what only followed from the board's death."""
        return [test for test in self.tests if test.state == "failed"]

    @property
    def followers(self) -> list[RecordedTest]:
        """What could not be run because the board was dead."""
        return [test for test in self.tests if test.state == "not run"]

    @property
    def is_wrong(self) -> bool:
        """Whether a test of it went wrong."""
        return any(test.is_wrong for test in self.tests)

    @property
    def verdict(self) -> str:
        """How it came out, in a word or two."""
        if self.is_wrong:
            return "died" if self.death else "failed"
        return "passed" if self.counts["passed"] else "nothing ran"

    @property
    def mark(self) -> str:
        """The same as a sign."""
        return "✗" if self.is_wrong else "✓" if self.counts["passed"] else "·"

    @property
    def seconds(self) -> float:
        """How long its tests took."""
        return sum(test.seconds for test in self.tests)

    @property
    def options(self) -> str:
        """What chooses it."""
        return ", ".join(f"{name}={value}" for name, value in self.board.options.items())

    @property
    def sizes(self) -> dict[str, int]:
        """The memory that the suite's firmware takes; empty where it is not known."""
        sizes = self.figures.get("sizes", {})
        return sizes.get("firmware") or next(iter(sizes.values()), {})

    @property
    def echo(self) -> dict[str, Any] | None:
        """The throughput of the link."""
        throughput = self.figures.get("throughput", {})
        return throughput.get("echo") or next(iter(throughput.values()), None)

    def median(self, name: str) -> float | None:
        """The median of a latency."""
        samples = self.figures.get("latency", {}).get(name, {}).get("seconds")
        return Spread.of(samples).median if samples else None


@dataclasses.dataclass
class Row:
    """A board's samples in a plot; places are from 0 to 1000."""

    view: BoardView
    spread: Spread
    measured: int
    dots: list[str]
    box: tuple[int, int, int]
    before: int | None


@dataclasses.dataclass
class LatencyPlot:
    """A latency on all boards."""

    name: str
    ticks: list[plots.Tick]
    rows: list[Row]


@dataclasses.dataclass
class Bar:
    """A board's throughput."""

    view: BoardView
    name: str
    rate: float
    line: float | None

    @property
    def percent(self) -> float | None:
        """The share of the line's rate."""
        return 100 * self.rate / self.line if self.line else None


@dataclasses.dataclass
class TestRow:
    """A test on all boards; None where it was not run."""

    name: str
    cells: list[RecordedTest | None]

    @property
    def wrong(self) -> int:
        """On how many boards it went wrong."""
        return sum(1 for test in self.cells if test is not None and test.state == "failed")

    @property
    def is_plain(self) -> bool:
        """Whether it went wrong nowhere."""
        return self.wrong == 0

    @property
    def slowest(self) -> float:
        """How long it took where it took longest."""
        return max((test.seconds for test in self.cells if test is not None), default=0.0)

    def said(self, boards: list[BoardView]) -> str:
        """The same in words, for whom the signs say nothing."""
        told = Counter(_word(test) for test in self.cells)
        named = [
            f"{view.name} {_word(test)}"
            for view, test in zip(boards, self.cells, strict=True)
            if _word(test) != "passed"
        ]
        text = f"passed on {shown.plural(told['passed'], 'board')}"
        return f"{text}; {', '.join(named)}" if named else text


def _word(test: RecordedTest | None) -> str:
    return "not run" if test is None else test.state


class RunView:
    """A run, in the order in which a person wants to know it."""

    def __init__(self, run: Run):
        self.run = run
        by_board: dict[str, list[RecordedTest]] = {board.name: [] for board in run.boards}
        for test in run.tests:
            by_board[test.board].append(test)
        views = [
            BoardView(
                f"board-{number}", board, by_board[board.name], figures_of(by_board[board.name])
            )
            for number, board in enumerate(run.boards, 1)
        ]
        rank = {"died": 0, "failed": 1, "nothing ran": 2, "passed": 3}
        self.boards = sorted(views, key=lambda view: rank[view.verdict])
        self.wrong = [view for view in self.boards if view.is_wrong]
        self.comparison = Comparison.from_json(run.comparison) if run.comparison else None

    @property
    def line(self) -> str:
        """Which boards the run was on and why."""
        line = self.run.line.removeprefix("hil: ")
        return line[:1].upper() + line[1:] if self.run.is_stand_in else line

    @property
    def counts(self) -> Counter[str]:
        """How many tests came out how, on all boards."""
        return sum((view.counts for view in self.boards), Counter())

    @property
    def verdict(self) -> str:
        """How it came out."""
        total = len(self.boards)
        if self.wrong:
            which = self.wrong[0].name if total == 1 else f"{len(self.wrong)} of {total} boards"
            return f"{shown.short(which, 60)} failed"
        if not self.run.is_over:
            return "The run did not come to its end"
        if not self.counts["passed"]:
            return "Nothing was tested"
        if self.run.exit_status:
            return f"The run ended with exit status {self.run.exit_status}"
        if total == 1:
            return f"{shown.short(self.boards[0].name, 60)} passed"
        return "Both boards passed" if total == 2 else f"All {total} boards passed"

    @property
    def tone(self) -> str:
        """Whether that is good."""
        if self.wrong or self.run.exit_status:
            return "wrong"
        return "right" if self.run.is_over and self.counts["passed"] else "odd"

    @property
    def tests_line(self) -> str:
        """The same in numbers of tests."""
        counts = self.counts
        told = [f"{counts['failed']:,} failed"] if counts["failed"] else []
        told += [f"{counts['not run']:,} not run"] if counts["not run"] else []
        told.append(f"{counts['passed']:,} passed")
        told += [f"{counts['skipped']:,} skipped"] if counts["skipped"] else []
        return f"{', '.join(told)} of {shown.plural(counts.total(), 'test')}"

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        begun, ended = shown.moment(self.run.begun), shown.moment(self.run.ended)
        return (ended - begun).total_seconds() if begun and ended else None

    @property
    def shared_failures(self) -> list[tuple[str, int]]:
        """Tests that failed on several boards: more often the suite's fault or the bench's."""
        counts = Counter(test.name for view in self.boards for test in view.failures)
        return [(name, count) for name, count in counts.most_common() if count > 1]

    def latency_names(self) -> list[str]:
        """What was measured, on any board."""
        return list(
            dict.fromkeys(name for view in self.boards for name in view.figures.get("latency", {}))
        )

    def latencies(self) -> Iterator[LatencyPlot]:
        """Give a plot for each latency, boards in one order."""
        medians = self.comparison.medians if self.comparison else {}
        for name in self.latency_names():
            told = [(view, view.figures.get("latency", {}).get(name)) for view in self.boards]
            known = [(view, figure) for view, figure in told if figure and figure["seconds"]]
            if not known:
                continue
            older = [medians.get(view.name, {}).get(name) for view, _ in known]
            spreads = [Spread.of(figure["seconds"]) for _, figure in known]
            axis = plots.Axis.around(
                [value for one in spreads for value in (one.least, one.most)]
                + [value for value in older if value is not None]
            )
            rows = [
                Row(
                    view,
                    one,
                    figure["measured"],
                    plots.dots(figure["seconds"], axis),
                    tuple(map(axis.place, (one.lower_quartile, one.median, one.upper_quartile))),
                    None if before is None else axis.place(before),
                )
                for (view, figure), one, before in zip(known, spreads, older, strict=True)
            ]
            yield LatencyPlot(name, axis.ticks(shown.tick), rows)

    def bars(self) -> list[Bar]:
        """Give each board's throughput."""
        return [
            Bar(view, name, figure["bytes"] / figure["seconds"], figure["line_bytes_per_sec"])
            for view in self.boards
            for name, figure in view.figures.get("throughput", {}).items()
        ]

    def rows(self) -> list[TestRow]:
        """Give each test on all boards, those that went wrong first."""
        by_name: dict[str, dict[str, RecordedTest]] = {}
        for test in self.run.tests:
            by_name.setdefault(test.name, {})[test.board] = test
        rows = [
            TestRow(name, [of.get(view.name) for view in self.boards])
            for name, of in by_name.items()
        ]
        return sorted(rows, key=lambda row: -row.wrong)

    def changes(self) -> list[tuple[Change, list[str]]]:
        """Give what differs from an older run; what befell a test on several boards is one."""
        grouped: dict[tuple[str, ...], tuple[Change, list[str]]] = {}
        for change in self.comparison.changes if self.comparison else []:
            told = (change.verdict, change.what, change.before, change.now, change.change)
            key = told if change.what else (*told, change.board)
            grouped.setdefault(key, (change, []))[1].append(change.board)
        return list(grouped.values())
