# SPDX-License-Identifier: Apache-2.0
"""What a run records: written as it is measured, read back whole or refused by line and name."""

from __future__ import annotations

import json

import pytest

from hil_tests.bench import Dut, dut_of
from hil_tests.report.recording import MAX_SAMPLES, Record, merge
from hil_tests.report.runs import RunError, load, read
from microtvm.boards import Kind

HEAD = {"kind": "run", "schema": 1, "line": "hil: a", "boards": [{"name": "a", "kind": "host"}]}
TEST = {"kind": "test", "board": "a", "name": "t", "outcome": "passed", "seconds": 1.5}


def lines(*entries):
    return [json.dumps(entry) for entry in entries]


def test_a_record_gives_what_was_measured_once():
    record = Record()
    record.latency("round trip", 0.25)
    record.latency("round trip", [0.5, 1])
    record.throughput("echo", 1000, 2, 11520)
    record.sections("firmware", {"text": 100, "data": 20, "bss": 7})
    record.sections("sketch", {"text": 100, "data": 20})
    record.sections("odd", {".text": 100})
    record.count("model", 1234, "instructions")
    figures = record.take()
    assert figures["latency"]["round trip"] == {"seconds": [0.25, 0.5, 1.0], "measured": 3}
    assert figures["sizes"]["firmware"] == {"flash_bytes": 120, "ram_bytes": 27}
    assert figures["sizes"]["sketch"] == {"flash_bytes": 100, "ram_bytes": 20}
    assert "odd" not in figures["sizes"]
    assert record.take() == {}
    (test,) = read(lines(HEAD, {**TEST, "figures": figures}), "run").tests
    assert test.figures == figures


def test_of_many_samples_the_report_keeps_some_and_says_so():
    record = Record()
    record.latency("echo", range(3 * MAX_SAMPLES))
    kept = record.take()["latency"]["echo"]
    assert len(kept["seconds"]) == MAX_SAMPLES
    assert kept["measured"] == 3 * MAX_SAMPLES


def test_samples_of_several_phases_are_joined():
    into = {"latency": {"call": {"seconds": [1.0], "measured": 5}}}
    merge(into, {"latency": {"call": {"seconds": [2.0], "measured": 1}}, "sizes": {"a": {}}})
    assert into["latency"]["call"] == {"seconds": [1.0, 2.0], "measured": 6}
    assert into["sizes"] == {"a": {}}


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([{"kind": "test"}], "first line should be of the kind 'run'"),
        ([{**HEAD, "schema": 2, "version": "9.1"}], "is of schema 2.*version 9.1"),
        (
            [HEAD, {**TEST, "seconds": "long"}, TEST],
            "line 2: seconds is 'long' and should be a num",
        ),
        ([HEAD, {**TEST, "seconds": float("nan")}], "line 2: seconds is nan"),
        ([HEAD, {**TEST, "outcome": "<b>"}], "outcome is '<b>' and should be one of failed"),
        (
            [HEAD, {**TEST, "figures": {"latency": {"x": {"seconds": [-1]}}}}],
            "latency 'x': seconds",
        ),
        ([HEAD, {**TEST, "figures": {"throughput": {"x": {"seconds": 0}}}}], "more than nothing"),
        ([HEAD, [1]], "line 2, is not an object"),
    ],
)
def test_what_is_damaged_is_refused_by_line_and_name(entries, told):
    with pytest.raises(RunError, match=told):
        read(lines(*entries), "run")


def test_a_run_that_was_killed_is_read_up_to_there(tmp_path):
    path = tmp_path / "report.jsonl"
    path.write_text("\n".join([*lines(HEAD, TEST), '{"kind": "te']))
    run = load(tmp_path)
    assert [test.name for test in run.tests] == ["t"]
    assert not run.is_over
    path.write_text("\n".join([*lines(HEAD), '{"kind": "te', *lines(TEST)]))
    with pytest.raises(RunError, match="line 2, is not JSON"):
        load(path)


def test_a_board_that_only_its_tests_name_is_there():
    run = read(lines(HEAD, {**TEST, "board": "b"}), "run")
    assert [board.name for board in run.boards] == ["a", "b"]


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("t.py::test[host]", "host"),
        ("t.py::test[host-2-x]", "host"),
        ("t.py::test[2-x-arduino_avr-mega_2]", "arduino_avr-mega_2"),
        ("t.py::test[2-mega_2-host2]", "mega_2"),
        ("t.py::test_host", None),
    ],
)
def test_whose_test_it_is_is_known_by_its_name(nodeid, name):
    names = ["host", "mega_2", "arduino_avr-mega_2"]
    duts = [Dut(name, "options", Kind.ATTACHED, "host") for name in names]
    found = dut_of(nodeid, duts)
    assert (found.name if found else None) == name
