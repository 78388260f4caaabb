# SPDX-License-Identifier: Apache-2.0
"""What got slower, larger or lost between two runs, and what is noise."""

from __future__ import annotations

import json

import pytest

from hil_tests.report import __main__ as command
from hil_tests.report.comparing import Comparison, compare
from tests.hil import recorded_runs


def verdicts(comparison):
    return [(one.verdict, one.board, one.what) for one in comparison.changes]


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_change(seed):
    older, newer = recorded_runs.run(boards=3, seed=seed), recorded_runs.run(boards=3, seed=99)
    found = compare(older, newer)
    assert found.changes == []
    assert found.compared == 3 * 5
    assert not found.is_worse


def test_what_is_slower_and_larger_is_told_by_how_much():
    found = compare(recorded_runs.run(seed=3), recorded_runs.run(seed=4, slower=1.3, larger=1000))
    assert verdicts(found) == [
        ("slower", "mega2560", "echo (median)"),
        ("slower", "mega2560", "round trip (median)"),
        ("slower", "mega2560", "session start (median)"),
        ("slower", "mega2560", "echo (throughput)"),
        ("larger", "mega2560", "firmware (flash)"),
    ]
    assert (found.changes[-1].before, found.changes[-1].change) == ("34,213 bytes", "+1,000 bytes")
    assert found.is_worse
    back = compare(recorded_runs.run(seed=4, slower=1.3, larger=1000), recorded_runs.run(seed=3))
    assert {one.verdict for one in back.changes} == {"faster", "smaller"}
    assert not back.is_worse


def with_latency(samples):
    run = recorded_runs.run()
    run.tests = run.tests[:1]
    run.tests[0].figures = {"latency": {"call": {"seconds": samples, "measured": len(samples)}}}
    return run


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ([1.0] * 10, [1.09] * 10, None),  # under a tenth
        ([1.0] * 10, [1.11] * 10, "slower"),
        ([1.0] * 5 + [2.0] * 5, [1.6] * 10, None),  # inside of the spread of the older
        ([1.0, 1.1, 1.2], [1.3, 1.4, 1.5], "slower"),  # few, and apart altogether
        ([1.0, 1.1, 1.35], [1.3, 1.4, 1.5], None),
        ([1.0, 1.1], [9.0, 9.0], "undecided"),
    ],
)
def test_a_shift_counts_beyond_the_spread_of_both(before, now, verdict):
    found = compare(with_latency(before), with_latency(now))
    told = [one.verdict for one in found.changes] or ["undecided"] * len(found.undecided)
    assert told == ([verdict] if verdict else [])


def test_boards_and_tests_that_come_and_go():
    older, newer = recorded_runs.run(boards=2), recorded_runs.run(boards=3)
    older.tests[4].name = "test_that_was"
    newer.boards[1].name = "nucleo_h7"
    for test in newer.tests:
        test.board = test.board.replace("nucleo_f767zi", "nucleo_h7")
    newer.tests[6].outcome = "failed"
    newer.tests[7].outcome = "skipped"
    assert verdicts(compare(older, newer)) == [
        ("board gone", "nucleo_f767zi", ""),
        ("newly failing", "mega2560", "test_tensors.py::test_every_dtype_and_odd_sizes[2]"),
        ("test gone", "mega2560", "test_that_was"),
        ("newly skipped", "mega2560", "test_tensors.py::test_every_dtype_and_odd_sizes[3]"),
        ("board new", "mps2_an385", ""),
        ("board new", "nucleo_h7", ""),
        ("test new", "mega2560", "test_tensors.py::test_every_dtype_and_odd_sizes[0]"),
    ]
    newer.narrowed = "-k soak"
    assert not {one.verdict for one in compare(older, newer).changes} & {"board gone", "test gone"}


def test_what_follows_from_a_boards_death_is_told_once():
    found = compare(recorded_runs.run(), recorded_runs.run(failing=1))
    assert [one.verdict for one in found.changes] == ["board died", "newly failing"]
    assert found.changes[0].change == "27 tests not run"


def test_it_is_said_in_a_few_lines_and_kept_in_the_run():
    found = compare(recorded_runs.run(boards=30), recorded_runs.run(boards=30, slower=2))
    lines = found.lines()
    assert "120 slower" in lines[0]
    assert len(lines) < 12
    assert Comparison.from_json(json.loads(json.dumps(found.to_json()))) == found


def write(path, **of):
    path.write_text("\n".join([*recorded_runs.lines(**of), ""]))
    return str(path)


def test_a_page_is_made_again_and_compared(tmp_path, capsys):
    old, new = write(tmp_path / "old.jsonl"), write(tmp_path / "new.jsonl", slower=2)
    page = tmp_path / "page.html"
    assert command.main([new, "-o", str(page), "--compare", old]) == 0
    assert "4 slower" in capsys.readouterr().out
    assert "slower" in page.read_text(encoding="utf-8")
    assert command.main([new, "--compare", old, "--compare-fail", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["worse"] and len(told["changes"]) == 4
    assert (tmp_path / "report.html").exists()
    assert command.main([old, "--compare", old, "--compare-fail"]) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "is no recorded run"), ('{"kind": "run"}\n', "schema is None"), (None, "No such file")],
)
def test_what_is_no_run_is_refused_and_no_page_is_written(tmp_path, capsys, text, told):
    path = tmp_path / "run.jsonl"
    if text is not None:
        path.write_text(text)
    assert command.main([str(path), "-o", str(tmp_path / "page.html")]) == 2
    said = capsys.readouterr().err
    assert told in said and str(path) in said
    assert not (tmp_path / "page.html").exists()
