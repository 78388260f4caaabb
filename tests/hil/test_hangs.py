# SPDX-License-Identifier: Apache-2.0
"""Hangs end by pytest-timeout: the log is kept, and the board is free for the next test."""

from __future__ import annotations

from server_kit.boards.device_lock import DeviceLock
from tests.hil import suite

TESTS = """
import os
import pathlib
import signal
import time
import numpy as np
import pytest

X = np.float32([1, -2, 0.5, 100])
LIMIT = pytest.mark.timeout(3, func_only=True)

@LIMIT
def test_that_hangs_in_the_test(device):
    with device.session() as session:
        device.answer(session, X)
        time.sleep(600)

@LIMIT
def test_whose_firmware_hangs(device):
    with device.session(limit_sec=600) as session:
        device.answer(session, X)
        firmware = str(device.project_directory / "build" / "main")
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "exe") == firmware:
                    os.kill(int(process.name), signal.SIGSTOP)
            except OSError:
                continue
        device.answer(session, X)

def test_after(device):
    with device.session() as session:
        np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)
"""


def test_the_next_test_has_the_board(require, tmp_path):
    require("cc", "build firmware for the host")
    ran = suite.run_own(tmp_path, TESTS, "--board", "host")
    assert ran.status == 1, ran.said
    in_test, in_firmware = ran.failures("host")
    assert "Timeout (>3.0s) from pytest-timeout" in in_test["message"]
    assert "Timeout (>3.0s) from pytest-timeout" in in_firmware["message"]
    assert "received" in in_test["wire"]
    assert "received" in in_firmware["wire"]
    assert ran.outcomes("host") == {"failed": 2, "passed": 1}
    with DeviceLock("hil host"):
        pass
