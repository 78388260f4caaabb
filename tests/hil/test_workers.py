# SPDX-License-Identifier: Apache-2.0
"""Workers of pytest-xdist: one for each board, and one that dies leaves its board in the report."""

from __future__ import annotations

from tests.hil import suite

TESTS = """
import os, pathlib
import pytest

@pytest.mark.parametrize("turn", range(4))
def test_turn(device, record, turn, worker_id):
    with pathlib.Path(__file__).with_name(device.dut.name).open("a") as file:
        file.write(worker_id + " ")
    record.latency("round trip", 0.25 * turn)

def test_that_ends_its_worker(device):
    if device.dut.name == "host":
        os._exit(3)

def test_after(device):
    pass
"""


def test_a_board_is_one_workers_and_a_worker_that_dies_is_told_of(emulated, tmp_path):
    ran = suite.run_own(tmp_path, TESTS, "--board", "host", "--board", "mps2_an385")
    tests = tmp_path / "tests"
    assert ran.status == 1, ran.said
    assert len({*(tests / "host").read_text().split()}) == 1
    assert len({*(tests / "mps2_an385").read_text().split()}) == 1
    assert ran.outcomes("mps2_an385") == {"passed": 6}
    assert ran.outcomes("host") == {"passed": 5, "error": 1}
    (died,) = ran.failures("host")
    assert died["name"].endswith("test_that_ends_its_worker")
    assert "crashed while running" in died["message"]
    assert ran.entries[-1]["kind"] == "end"
