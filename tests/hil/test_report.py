# SPDX-License-Identifier: Apache-2.0
"""A run of the suite leaves its page, and is compared with the one that it is written over."""

from __future__ import annotations

import json

from tests.hil import suite


def test_a_run_is_compared_with_the_one_it_is_written_over(require, tmp_path):
    require("cc", "build firmware for the host")
    report = tmp_path / "report"
    report.mkdir()
    (report / "report.html").write_text("of another run")
    (report / "report.jsonl").write_text("\n".join(older_run()))
    host = ("--board", "host", "-k", "round_trips or calls")
    same = ("--compare", str(report), "--compare-fail")
    ran = suite.run(report, *host, *same)
    assert ran.status == 1, ran.said
    assert "hil: compared with the run of 1 May 2026" in ran.said
    assert "slower: host round trip (median): 1.00 µs -> " in ran.said
    assert "larger: host firmware (flash): 1 bytes -> " in ran.said
    compared, end = ran.entries[-2:]
    assert (compared["kind"], compared["worse"]) == ("comparison", True)
    assert end["exit_status"] == 1
    assert not [one for one in compared["changes"] if one["verdict"] == "test gone"]  # -k
    page = (report / "report.html").read_text(encoding="utf-8")
    for words in ("▲ slower", "test_link.py::test_calls", "Round trip", "1 May 2026"):
        assert words in page


def test_an_older_run_that_cannot_be_read_ends_it_before_it_begins(tmp_path):
    ran = suite.run(tmp_path / "report", "--board", "host", "--compare", str(tmp_path / "none"))
    assert ran.status == 4
    assert "--compare: the recorded run" in ran.said and "No such file" in ran.said
    assert not (tmp_path / "report").exists()


def older_run():
    head = {"kind": "run", "schema": 1, "line": "hil: host", "begun": "2026-05-01T10:00:00+00:00"}
    test = {"kind": "test", "board": "host", "outcome": "passed", "seconds": 1}
    figures = {
        "latency": {"round trip": {"seconds": [1e-6] * 20, "measured": 20}},
        "sizes": {"firmware": {"flash_bytes": 1, "ram_bytes": 1}},
    }
    return [
        json.dumps({**head, "boards": [{"name": "host", "kind": "host"}]}),
        json.dumps({**test, "name": "test_link.py::test_round_trips", "figures": figures}),
        json.dumps({**test, "name": "test_that_was"}),
        json.dumps({"kind": "end", "exit_status": 0}),
    ]
