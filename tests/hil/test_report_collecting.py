# SPDX-License-Identifier: Apache-2.0
"""What the collector keeps of workers that die, and of runs that end in the middle."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from hil_tests.bench import Dut
from hil_tests.device import wire_spool
from hil_tests.report.collecting import Collector
from hil_tests.report.runs import load
from microtvm.boards import Kind
from tests.hil import suite

DUTS = [Dut(name, "options", Kind.ATTACHED, "host") for name in ("board a", "b")]
DYING = """
import os, pathlib, sys
from hil_tests.device.wire_log import WireLog
log = WireLog(pathlib.Path(sys.argv[1]))
log.add("sent", b"of the test before")
log.clear()
for turn in range(100):
    log.add("sent" if turn % 2 else "received", b"x" * 100 + b"turn %d" % turn)
log.add("log", b"the last words")
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def collector(tmp_path):
    made = Collector(tmp_path, DUTS, "hil: a, b")
    made.pytest_sessionstart()
    return made


def end(collector, status=1):
    session = types.SimpleNamespace(exitstatus=status)
    for _ in collector.pytest_sessionfinish(session, status):
        pass  # where pytest's own reports are written


def report(nodeid, when, outcome="passed", told=None, longrepr=None):
    made = pytest.TestReport(nodeid, ("t.py", None, "t"), {}, outcome, longrepr, when, duration=1)
    if told is not None:
        made.hil = told
    return made


def test_a_worker_that_dies_leaves_the_last_bytes_of_its_board(collector, tmp_path):
    spool = tmp_path / "wire-board_a"
    died = subprocess.run(
        [sys.executable, "-c", DYING, str(spool)], cwd=suite.REPOSITORY, check=False
    )
    assert died.returncode == -9
    assert len(wire_spool.read(spool)) == wire_spool.ENTRIES
    told = {
        "board": "board a",
        "begun": 1.0,
        "figures": {"counts": {"x": {"number": 1, "unit": "y"}}},
    }
    collector.pytest_runtest_logreport(report("t.py::test[board_a]", "setup", told=told))
    message = "worker 'gw0' crashed while running 't.py::test[board_a]'"
    collector.pytest_runtest_logreport(
        report("t.py::test[board_a]", "???", "failed", longrepr=message)
    )
    end(collector)
    run = load(tmp_path)
    (test,) = run.tests
    assert (test.board, test.name, test.outcome) == ("board a", "t.py::test", "error")
    assert test.figures["counts"]["x"]["number"] == 1
    lines = test.wire.splitlines()
    assert lines[-1].endswith("log the last words")
    assert "sent 107 bytes: ..." in lines[-2] and "turn 99|" in lines[-2]
    assert "of the test before" not in test.wire
    assert not spool.exists()
    assert "the last words" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_run_that_ends_in_a_test_says_so(collector, tmp_path):
    told = {"board": "b", "begun": 1.0}
    collector.pytest_runtest_logreport(report("t.py::test[b-1]", "setup", told=told))
    end(collector, 2)
    (test,) = load(tmp_path).tests
    assert (test.name, test.outcome) == ("t.py::test[1]", "error")
    assert test.message == "the run ended before the test did"


def test_of_a_failure_and_what_follows_the_first_is_told(collector, tmp_path):
    told = {"board": "b", "begun": 1.0, "wire": "bytes"}
    for when, outcome, said in (
        ("setup", "passed", None),
        ("call", "failed", "lost"),
        ("teardown", "failed", "x"),
    ):
        collector.pytest_runtest_logreport(report("t.py::test[b]", when, outcome, told, said))
    end(collector)
    (test,) = load(tmp_path).tests
    assert (test.outcome, test.message, test.wire) == ("failed", "lost", "bytes")
    assert test.seconds == 3
