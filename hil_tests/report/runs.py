# SPDX-License-Identifier: Apache-2.0
"""What a run records, as JSON lines, and reading it back.

A file is one run's; each line is an object whose ``kind`` tells what it is. Kinds and names that a
reader does not know it passes over; what is there already keeps its meaning while ``schema`` stays.

``run``, the first line:
    ``schema`` (1), ``line`` (which boards the run is on and why, in words), ``begun`` (ISO 8601),
    ``version`` of this package, ``narrowed`` (options that leave out tests or boards),
    ``machine`` (``name``, ``system``, ``python``) and ``boards``, each
    with ``name``, ``kind`` (``attached``, ``emulated``, ``host``), ``known_by``, ``template``,
    ``options`` and what else a hardware map says of it.
``test``, one for each test on each board, when it is over:
    ``board``, ``name`` (the same on every board), ``outcome`` (``passed``, ``failed``, ``error``
    for what went wrong outside of the test proper, ``skipped``), ``begun`` (seconds since 1970),
    ``seconds``, ``figures``, and where there is something to say ``message``, ``wire`` (the last
    transfers), ``tools`` (the last words of the tools), ``dead`` (why nothing more is asked of the
    board).
    ``figures`` has ``latency`` (name to ``seconds``, the samples, and how many were ``measured``),
    ``throughput`` (name to ``bytes``, ``seconds``, ``line_bytes_per_sec`` or null), ``sizes`` (name
    to ``flash_bytes``, ``ram_bytes``) and ``counts`` (name to ``number``, ``unit``).
``comparison``, where the run was compared with an older one: see `comparing`.
``end``, the last line, absent when the run was killed:
    ``ended``, ``exit_status``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

SCHEMA = 1
OUTCOMES = ("failed", "error", "passed", "skipped")
WRONG = ("failed", "error")
KINDS = ("attached", "emulated", "host")


class RunError(Exception):
    """A recorded run cannot be read; ``str()`` names the file, the line and what is wrong there."""


@dataclasses.dataclass
class RecordedBoard:
    """A board of a run, as the bench knew it."""

    name: str
    kind: str = ""
    known_by: str = ""
    template: str = ""
    options: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class RecordedTest:
    """A test on a board, and what it measured."""

    board: str
    name: str
    outcome: str
    begun: float | None = None
    seconds: float = 0.0
    figures: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    message: str = ""
    wire: str = ""
    tools: str = ""
    dead: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether it did not come out well."""
        return self.outcome in WRONG

    @property
    def state(self) -> str:
        """The outcome, with ``not run`` for what was not asked of a dead board any more."""
        if self.is_wrong:
            return "not run" if self.dead and self.outcome == "error" else "failed"
        return self.outcome


@dataclasses.dataclass
class Run:
    """A run.

    Attributes
    ----------
    exit_status : int or None
        Pytest's; None when the run was killed, or is not over.
    comparison : dict or None
        What `comparing.Comparison.to_json` gave.
    """

    line: str
    begun: str = ""
    version: str = ""
    narrowed: str = ""
    machine: dict[str, str] = dataclasses.field(default_factory=dict)
    boards: list[RecordedBoard] = dataclasses.field(default_factory=list)
    tests: list[RecordedTest] = dataclasses.field(default_factory=list)
    ended: str = ""
    exit_status: int | None = None
    comparison: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it came to its end."""
        return self.exit_status is not None

    @property
    def is_stand_in(self) -> bool:
        """Whether it ran on the host for want of boards."""
        return bool(self.boards) and all(board.kind == "host" for board in self.boards)

    def tests_of(self, board: str) -> list[RecordedTest]:
        """Give a board's tests, in the order in which they ended."""
        return [test for test in self.tests if test.board == board]


def load(path: pathlib.Path) -> Run:
    """Read a recorded run.

    Parameters
    ----------
    path : pathlib.Path
        The file, or the directory of a report.

    Raises
    ------
    RunError
        There is none, it is of a later schema, or it is damaged. A last line that is cut off, as a
        run that is killed leaves it, is passed over.
    """
    if path.is_dir():
        path = path / "report.jsonl"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(f"the recorded run {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RunError(f"the recorded run {path} is not UTF-8 at byte {error.start}") from None
    return read(text.rstrip("\n").split("\n"), str(path))


def read(lines: Iterable[str], name: str) -> Run:
    """Read a recorded run from its lines; `load` says what is raised."""
    entries = list(_entries([line for line in lines if line.strip()], name))
    if not entries or entries[0][0].get("kind") != "run":
        raise RunError(
            f"{name} is no recorded run: its first line should be of the kind 'run'; pytest "
            "hil_tests writes one to hil-report/report.jsonl"
        )
    head = _Fields(*entries[0])
    schema = head.number("schema")
    if schema != SCHEMA:
        raise RunError(
            f"{name} is of schema {schema:g}, and this version reads {SCHEMA}: it was written by "
            f"version {head.text('version')} of microtvm"
        )
    run = Run(
        line=head.text("line"),
        begun=head.text("begun", ""),
        version=head.text("version", ""),
        narrowed=head.text("narrowed", ""),
        machine=head.texts("machine"),
        boards=[_board(_Fields(one, head.where)) for one in head.objects("boards")],
    )
    for entry, where in entries[1:]:
        fields = _Fields(entry, where)
        if entry.get("kind") == "test":
            run.tests.append(_test(fields))
        elif entry.get("kind") == "end":
            run.ended, run.exit_status = fields.text("ended", ""), int(fields.number("exit_status"))
        elif entry.get("kind") == "comparison":
            medians, changes = fields.object("medians"), entry.get("changes")
            if not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
                raise fields.wrong("changes", "a list of objects")
            run.comparison = {**entry, "medians": medians}
    known = {board.name for board in run.boards}
    for name in dict.fromkeys(test.board for test in run.tests):
        if name not in known:
            run.boards.append(RecordedBoard(name))
    return run


def _entries(lines: list[str], name: str) -> Iterable[tuple[dict[str, Any], str]]:
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            if number == len(lines) > 1:
                return
            raise RunError(f"{name}, line {number}, is not JSON: {error}") from None
        except RecursionError:
            raise RunError(f"{name}, line {number}, is nested too deeply") from None
        if not isinstance(entry, dict):
            raise RunError(f"{name}, line {number}, is not an object")
        yield entry, f"{name}, line {number}"


def _board(fields: _Fields) -> RecordedBoard:
    kind = fields.text("kind", "")
    return RecordedBoard(
        name=fields.text("name"),
        kind=kind if kind in KINDS else "",
        known_by=fields.text("known_by", ""),
        template=fields.text("template", ""),
        options=fields.texts("options"),
    )


def _test(fields: _Fields) -> RecordedTest:
    outcome = fields.text("outcome")
    if outcome not in OUTCOMES:
        raise fields.wrong("outcome", f"one of {', '.join(OUTCOMES)}")
    begun = fields.entry.get("begun")
    return RecordedTest(
        board=fields.text("board"),
        name=fields.text("name"),
        outcome=outcome,
        begun=None if begun is None else fields.number("begun"),
        seconds=fields.number("seconds"),
        figures=_figures(fields),
        **{name: fields.text(name, "") for name in ("message", "wire", "tools", "dead")},
    )


def _figures(fields: _Fields) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    told = _Fields(fields.object("figures"), f"{fields.where}, figures")
    for kind, read_one in _FIGURES.items():
        for name, figure in told.object(kind).items():
            where = f"{told.where}, {kind} {name!r}"
            if not isinstance(figure, dict):
                raise RunError(f"{where} is not an object")
            known.setdefault(kind, {})[name] = read_one(_Fields(figure, where))
    return known


def _latency(fields: _Fields) -> dict[str, Any]:
    samples = fields.entry.get("seconds")
    if not isinstance(samples, list) or not all(is_number(one) and one >= 0 for one in samples):
        raise fields.wrong("seconds", "a list of numbers that are not negative")
    return {"seconds": samples, "measured": int(fields.number("measured"))}


def _throughput(fields: _Fields) -> dict[str, Any]:
    line = fields.entry.get("line_bytes_per_sec")
    seconds = fields.number("seconds")
    if seconds == 0:
        raise fields.wrong("seconds", "more than nothing")
    return {
        "bytes": fields.number("bytes"),
        "seconds": seconds,
        "line_bytes_per_sec": None if not line else fields.number("line_bytes_per_sec"),
    }


def _sizes(fields: _Fields) -> dict[str, Any]:
    return {name: int(fields.number(name)) for name in ("flash_bytes", "ram_bytes")}


def _counts(fields: _Fields) -> dict[str, Any]:
    return {"number": fields.number("number"), "unit": fields.text("unit")}


_FIGURES = {
    "latency": _latency,
    "throughput": _throughput,
    "sizes": _sizes,
    "counts": _counts,
}


def is_number(value: object) -> bool:
    """Whether a value that was read is a number that can be reckoned with."""
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_one and abs(value) < 1e300 and math.isfinite(value)


class _Fields:
    """An object's values, each of the type that it should have."""

    def __init__(self, entry: Mapping[str, Any], where: str):
        self.entry = entry
        self.where = where

    def text(self, name: str, absent: str | None = None) -> str:
        value = self.entry.get(name, absent)
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def number(self, name: str) -> float:
        value = self.entry.get(name)
        if not is_number(value) or value < 0:
            raise self.wrong(name, "a number that is not negative")
        return value

    def object(self, name: str) -> dict[str, Any]:
        value = self.entry.get(name) or {}
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return value

    def texts(self, name: str) -> dict[str, str]:
        return {key: str(value) for key, value in self.object(name).items()}

    def objects(self, name: str) -> list[dict[str, Any]]:
        value = self.entry.get(name)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name, "a list of objects")
        return value

    def wrong(self, name: str, wanted: str) -> RunError:
        found = repr(self.entry.get(name))
        cut = found if len(found) <= 80 else f"{found[:80]}..."
        return RunError(f"{self.where}: {name} is {cut} and should be {wanted}")
