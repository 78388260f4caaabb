# SPDX-License-Identifier: Apache-2.0
"""Gather what tests say while they run, in the one process that hears of all boards."""

from __future__ import annotations

import contextlib
import datetime
import json
import pathlib
import platform
from collections.abc import Generator
from typing import IO, Any

import pytest

from hil_tests.bench import Dut, dut_of
from hil_tests.device import wire_log, wire_spool
from microtvm import __version__
from server_kit.disk import why_not_written

from . import comparing, recording, rendering
from .runs import SCHEMA, WRONG, Run, RunError, load

DIRECTORY = "hil-report"
JSON_LINES = "report.jsonl"
JUNIT = "junit.xml"
PAGE = "report.html"


def add_options(group: pytest.OptionGroup) -> None:
    """Declare where the report goes."""
    group.addoption(
        "--report",
        metavar="DIR",
        default=DIRECTORY,
        help=f"where the report is written, over an older one ({DIRECTORY}); '' for none",
    )
    group.addoption(
        "--compare",
        metavar="OLD",
        help=f"the {JSON_LINES} of an older run, or its directory: the report says what got slower,"
        " larger or lost; the exit status stays as it is",
    )
    group.addoption(
        "--compare-fail",
        action="store_true",
        help="with --compare: exit status 1 when something got slower, larger or lost",
    )


def configure(config: pytest.Config, duts: list[Dut], line: str) -> None:
    """Prepare for a report of this run."""
    directory, older = config.getoption("--report"), _older(config)
    if not directory or config.option.collectonly:
        return
    try:
        pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = why_not_written(error, pathlib.Path(directory)) or error.strerror
        raise pytest.UsageError(f"--report {directory}: {why}") from None
    if not config.option.xmlpath:
        config.option.xmlpath = str(pathlib.Path(directory) / JUNIT)
    fails = config.getoption("--compare-fail")
    collector = Collector(pathlib.Path(directory), duts, line, older, fails, _narrowed(config))
    config.pluginmanager.register(collector, "hil_report")


def spool(config: pytest.Config, dut: Dut) -> pathlib.Path | None:
    """Give the file that a board's last transfers are kept in while the run is on."""
    directory = config.getoption("--report")
    return pathlib.Path(directory) / f"wire-{dut.test_id}" if directory else None


def _narrowed(config: pytest.Config) -> str:
    """Give what leaves out tests or boards that another run may have."""
    option = config.option
    words = {
        "-k": option.keyword,
        "-m": option.markexpr,
        "--deselect": option.deselect,
        "--last-failed": getattr(option, "lf", False),
        "--board": option.board,
        "--template": option.template,
        "--port": option.port,
        "--serial-number": option.serial_number,
    }
    some = [one for one in config.args if "::" in one or one.endswith(".py")]
    return " ".join([*(name for name, value in words.items() if value), *some])


def _older(config: pytest.Config) -> Run | None:
    """Read the older run now, since its file may be the one that this run is written over."""
    path = config.getoption("--compare")
    if path and not config.getoption("--report"):
        raise pytest.UsageError("--compare says what it finds in the report: leave out --report ''")
    if config.getoption("--compare-fail") and not path:
        raise pytest.UsageError("--compare-fail says something about --compare OLD: add it")
    try:
        return load(pathlib.Path(path)) if path else None
    except RunError as error:
        raise pytest.UsageError(f"--compare: {error}") from None


class Collector:
    """Writes a JSON line for each test as soon as it is over, and the page at the end.

    Parameters
    ----------
    directory : pathlib.Path
        Where to; it is there.
    duts : list of Dut
        The boards of the run.
    line : str
        Which they are and why.
    older : Run or None
        What to compare with.
    fails : bool
        Whether the run fails when it compares badly.
    narrowed : str
        Options that leave out tests or boards.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        duts: list[Dut],
        line: str,
        older: Run | None = None,
        fails: bool = False,
        narrowed: str = "",
    ):
        self._path = directory / JSON_LINES
        self._page = directory / PAGE
        self._older = older
        self._fails = fails
        self._said: list[str] = []
        self._why_cut = ""
        self._duts = duts
        self._head = {
            "kind": "run",
            "schema": SCHEMA,
            "line": line,
            "begun": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "version": __version__,
            "narrowed": narrowed,
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
        try:
            self._page.unlink(missing_ok=True)  # an older run's
            self._file = self._path.open("w", encoding="utf-8")
        except OSError as error:
            why = why_not_written(error, self._path) or error.strerror
            raise pytest.UsageError(f"the report {self._path} cannot be written: {why}") from None
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

    @pytest.hookimpl(wrapper=True, trylast=True)  # within the wrapper that tells the summary
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, None, None]:
        """End the file, make the page of it, and see how pytest's own report fares."""
        try:
            self._finish(session, exitstatus)
            yield
        except OSError as error:
            self._cut(error)
        if self._why_cut and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        for test in self._tests.values():
            why = "the run ended before the test did"
            self._write({**test, "outcome": "error", "message": test.get("message", why)})
        if self._file is None:
            return
        if self._older is not None and self._compare(self._older) and exitstatus == 0:
            session.exitstatus = exitstatus = pytest.ExitCode.TESTS_FAILED
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self._write({"kind": "end", "ended": now, "exit_status": int(exitstatus)})
        self._file.close()
        for dut in self._duts:
            self._path.with_name(f"wire-{dut.test_id}").unlink(missing_ok=True)
        rendering.write(load(self._path), self._page)

    def _compare(self, older: Run) -> bool:
        """Say what differs; give whether the run fails of it."""
        compared = comparing.compare(older, load(self._path))
        self._write(compared.to_json())
        self._said = compared.lines()
        return self._fails and compared.is_worse

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Say what differs from an older run, and where the report is."""
        for line in self._said:
            terminalreporter.write_line(f"hil: {line}")
        if self._why_cut:
            terminalreporter.write_line(
                f"hil: the report {self._path} ends too early: {self._why_cut}"
            )
            return
        terminalreporter.write_line(f"hil: the report is {self._page}")

    def _of_a_dead_worker(self, report: pytest.TestReport) -> dict[str, Any] | None:
        """Tell whose test it was that a worker of pytest-xdist died in."""
        dut = dut_of(report.nodeid, self._duts)
        if dut is None or report.when != "???":
            return None
        told = wire_spool.read(self._path.with_name(f"wire-{dut.test_id}"))
        return {"board": dut.name, "wire": wire_log.lines_of(told)}

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
        except OSError as error:  # the boards are still worth testing
            self._cut(error)

    def _cut(self, error: OSError) -> None:
        """Write no more, and keep why."""
        self._why_cut = why_not_written(error, self._path) or str(error)
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


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
