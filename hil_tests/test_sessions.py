# SPDX-License-Identifier: Apache-2.0
"""Sessions begin, end, are cut off and begin again."""

from __future__ import annotations

import time

import numpy as np
import pytest

import microtvm
from hil_tests.device.board_under_test import ERRORS
from hil_tests.device.wire_log import RecordedTransport, WireLog

X = np.float32([1, -2, 0.5, 100])


def test_sessions_one_after_the_other(device, record, request):
    starts = []
    for turn in range(request.config.getoption("--restarts")):
        begun = time.perf_counter()
        with device.session() as session:
            starts.append(time.perf_counter() - begun)
            np.testing.assert_array_equal(device.answer(session, X + turn), 2 * (X + turn) + 1)
    record.latency("session start", starts)


@pytest.mark.parametrize("calls", [8, 9, 10, 11])
def test_a_transfer_cut_off_in_the_middle(device, calls):
    """The wire goes while a packet is half sent or half received: the next session is whole."""
    sent = np.arange(16, dtype="uint8")
    with pytest.raises(ERRORS), microtvm.Session(Cut(device.project.transport(), calls)) as session:
        tensor = session.empty(sent.shape, sent.dtype)
        for _ in range(calls):
            tensor.copyfrom(sent)
            tensor.numpy()
    with device.session() as session:
        np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)


class Cut(RecordedTransport):
    """A transport that closes half way through a call.

    Parameters
    ----------
    inner : Transport
    calls : int
        How many reads and writes are whole.
    """

    def __init__(self, inner, calls):
        super().__init__(inner, WireLog())
        self._calls = calls

    def read(self, n, timeout_sec):
        """Read half when the time has come, which nobody gets."""
        if self._calls == 0:
            super().read(max(1, n // 2), timeout_sec)
        self._count()
        return super().read(n, timeout_sec)

    def write(self, data, timeout_sec):
        """Write half when the time has come."""
        if self._calls == 0:
            super().write(data[: len(data) // 2], timeout_sec)
        self._count()
        super().write(data, timeout_sec)

    def _count(self):
        if self._calls == 0:
            self.close()
        self._calls -= 1


def test_a_board_in_use_is_refused_to_others(device):
    if device.dut.port is None:
        pytest.skip("a port is missing; it is needed to take it from another process")
    with (
        device.session(),
        device.opened(device.project_directory) as other,
        pytest.raises(ERRORS, match="in use by process"),
        microtvm.Session(other.transport()),
    ):
        pass
