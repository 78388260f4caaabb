# SPDX-License-Identifier: Apache-2.0
"""Gather what tests say while they run, in the one process that hears of all boards."""

from __future__ import annotations

import datetime
import json
import pathlib
import platform
from typing import IO, Any

import pytest

from hil_tests.bench import Dut, dut_of
from microtvm import __version__

from . import recording
from .runs import SCHEMA, WRONG

DIRECTORY = "hil-report"
JSON_LINES = "report.jsonl"
JUNIT = "junit.xml"


def add_options(group: pytest.OptionGroup) -> None:
    """Declare where the report goes."""
    group.addoption(
        "--report",
        metavar="DIR",
        default=DIRECTORY,
        help=f"where the report is written, over an older one ({DIRECTORY}); '' for none",
    )


def configure(config: pytest.Config, duts: list[Dut], line: str) -> None:
    """Prepare for a report of this run."""
    directory = config.getoption("--report")
    if not directory or config.option.collectonly:
        return
    if not config.option.xmlpath:
        config.option.xmlpath = str(pathlib.Path(directory) / JUNIT)
    config.pluginmanager.register(Collector(pathlib.Path(directory), duts, line), "hil_report")


class Collector:
    """Writes a JSON line for each test as soon as it is over; `runs` says what is in it."""

    def __init__(self, directory: pathlib.Path, duts: list[Dut], line: str):
        self._path = directory / JSON_LINES
        self._duts = duts
        self._head = {
            "kind": "run",
            "schema": SCHEMA,
            "line": line,
            "begun": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "version": __version__,
            "machine": {
                "name": platform.node(),
                "system": f"{platform.system()} {platform.release()} {platform.machine()}",
                "python": platform.python_version(),
            },
            "boards": [dut.to_json() for dut in duts],
        }
        self._file: IO[str] | None = None
        self._tests: dict[str, dict[str, Any]] = {}

    def pytest_sessionstart(self) -> None:
        """Begin the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")
        self._write(self._head)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a test; write it after the last."""
        told = getattr(report, "hil", None)
        if told is None:
            told = self._of_a_dead_worker(report)
        if told is None:
            return
        test = self._tests.setdefault(
            report.nodeid,
            {
                "kind": "test",
                "board": told["board"],
                "name": _name_of(report.nodeid, dut_of(report.nodeid, self._duts)),
                "outcome": "passed",
                "begun": told.get("begun"),
                "seconds": 0.0,
                "figures": {},
            },
        )
        test["seconds"] += report.duration
        recording.merge(test["figures"], told.get("figures", {}))
        if report.failed and test["outcome"] not in WRONG:  # the first is told, not what follows
            test["outcome"] = "failed" if report.when == "call" else "error"
            test["message"] = report.longreprtext
            test.update({name: told[name] for name in ("wire", "tools", "dead") if told.get(name)})
        elif report.skipped:
            test["outcome"] = "skipped"
            test["message"] = _reason(report)
        if report.when not in ("setup", "call"):
            self._write(self._tests.pop(report.nodeid))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """End the file."""
        for test in self._tests.values():
            why = "the run ended before the test did"
            self._write({**test, "outcome": "error", "message": test.get("message", why)})
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self._write({"kind": "end", "ended": now, "exit_status": int(exitstatus)})
        if self._file is not None:
            self._file.close()

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Say where it is."""
        terminalreporter.write_line(f"hil: the report is {self._path}")

    def _of_a_dead_worker(self, report: pytest.TestReport) -> dict[str, Any] | None:
        """Tell whose test it was that a worker of pytest-xdist died in."""
        dut = dut_of(report.nodeid, self._duts)
        return {"board": dut.name} if dut is not None and report.when == "???" else None

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()


def _name_of(nodeid: str, dut: Dut | None) -> str:
    """Give a test's name without its board's, so that boards and runs can be compared."""
    found = dut.in_name(nodeid) if dut is not None else None
    if found is None:
        return nodeid
    begin, end = nodeid[: found.start()], nodeid[found.end() :]
    name = f"{begin.removesuffix('-')}{end}" if end == "]" else f"{begin}{end.removeprefix('-')}"
    return name.removesuffix("[]").rpartition("hil_tests/")[2]


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr or "")
