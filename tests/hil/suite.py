# SPDX-License-Identifier: Apache-2.0
"""The suite for hardware in a process of its own, and what it left."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
LIMIT_SEC = 280


def command(report: pathlib.Path, *arguments: str, tests: str = "hil_tests") -> list[str]:
    """Give the command that runs it, or other tests with its fixtures."""
    options = ["-p", "no:cacheprovider", "--report", str(report)]
    return [sys.executable, "-m", "pytest", tests, *options, *arguments]


def environment(**variables: str) -> dict[str, str]:
    """Give it an environment in which nothing is told of the run that it is part of."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
    return {**inherited, **variables}


class Run:
    """A run of the suite that is over.

    Parameters
    ----------
    status : int
        Pytest's exit status.
    said : str
        What was printed.
    report : pathlib.Path
        The directory of its report.
    """

    def __init__(self, status: int, said: str, report: pathlib.Path):
        self.status = status
        self.said = said
        self.report = report
        path = report / "report.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self.tests = [entry for entry in self.entries if entry["kind"] == "test"]

    def outcomes(self, board: str) -> dict[str, int]:
        """Count how a board's tests came out."""
        return dict(collections.Counter(t["outcome"] for t in self.tests if t["board"] == board))

    def failures(self, board: str) -> list[dict[str, Any]]:
        """Give a board's tests that did not come out well."""
        wrong = ("failed", "error")
        return [t for t in self.tests if t["board"] == board and t["outcome"] in wrong]

    def skipped(self) -> set[str]:
        """Give why tests were skipped."""
        return {test["message"] for test in self.tests if test["outcome"] == "skipped"}


def own(directory: pathlib.Path, text: str) -> str:
    """Write tests of one's own, with the suite's fixtures; give their directory."""
    tests = directory / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text("from hil_tests.conftest import *\n", encoding="utf-8")
    (tests / "test_own.py").write_text(text, encoding="utf-8")
    return str(tests)


def run_own(directory: pathlib.Path, text: str, *arguments: str, **variables: str) -> Run:
    """Run tests of one's own."""
    return run(directory / "report", *arguments, tests=own(directory, text), **variables)


def run(report: pathlib.Path, *arguments: str, tests: str = "hil_tests", **variables: str) -> Run:
    """Run it."""
    done = subprocess.run(
        command(report, *arguments, tests=tests),
        cwd=REPOSITORY,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_SEC,
        check=False,
    )
    return Run(done.returncode, done.stdout, report)


def processes_of(mark: str) -> dict[int, list[str]]:
    """Those that have a variable of this value in their environment, and their command lines."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"={mark}\0".encode() in path.joinpath("environ").read_bytes():
                found[int(path.name)] = path.joinpath("cmdline").read_text().split("\0")
        except OSError:
            continue  # it has ended
    return found
