# SPDX-License-Identifier: Apache-2.0
"""Gather what tests say while they run, in the one process that hears of all boards."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import IO, Any

import pytest

from hil_tests.bench import Dut
from microtvm import __version__

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
    """Writes a JSON line for each test as soon as it is over."""

    def __init__(self, directory: pathlib.Path, duts: list[Dut], line: str):
        self._path = directory / JSON_LINES
        self._head = {
            "kind": "run",
            "line": line,
            "begun": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "version": __version__,
            "boards": [dut.to_json() for dut in duts],
        }
        self._file: IO[str] | None = None
        self._tests: dict[tuple[str, str], dict[str, Any]] = {}

    def pytest_sessionstart(self) -> None:
        """Begin the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")
        self._write(self._head)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a test; write it after the last."""
        told = getattr(report, "hil", None)
        if told is None:
            return
        name = report.nodeid.rpartition("@")[0] if "]@" in report.nodeid else report.nodeid
        test = self._tests.setdefault(
            (told["board"], name),
            {
                "kind": "test",
                "board": told["board"],
                "name": name,
                "outcome": "passed",
                "begun": told["begun"],
                "seconds": 0.0,
                "figures": {},
            },
        )
        test["seconds"] += report.duration
        test["figures"].update(told.get("figures", {}))
        if report.failed:
            test["outcome"] = "failed" if report.when == "call" else "error"
            test["message"] = report.longreprtext
            test.update({name: told[name] for name in ("wire", "tools") if name in told})
        elif report.skipped:
            test["outcome"] = "skipped"
            test["message"] = _reason(report)
        if report.when == "teardown":
            self._write(self._tests.pop((told["board"], name)))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """End the file."""
        for test in self._tests.values():  # of workers that died
            self._write({**test, "outcome": "error"})
        self._write({"kind": "end", "exit_status": int(exitstatus)})
        if self._file is not None:
            self._file.close()

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Say where it is."""
        terminalreporter.write_line(f"hil: the report is {self._path}")

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr or "")
