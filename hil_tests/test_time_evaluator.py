# SPDX-License-Identifier: Apache-2.0
"""The board's own clock measures sensibly."""

from __future__ import annotations

import time

import numpy as np

import microtvm

X = np.float32([1, -2, 0.5, 100])
NUMBERS = (20, 200)


def test_ten_times_the_runs_take_ten_times_as_long(device):
    means = []
    with device.session() as session:
        model = microtvm.create_local_aot_executor(session)
        for number in NUMBERS:
            begun = time.perf_counter()
            result = model.benchmark(number=number, repeat=5, x=X)
            elapsed = time.perf_counter() - begun
            assert len(result.results) == 5
            assert 0 < result.min <= result.median <= result.max
            if not device.counts_instructions():
                # The board was not busy for longer than was waited for it; an emulator that is not
                # held back may run faster than the chip, a wrong unit is off by a thousand.
                assert sum(result.results) * number <= 10 * elapsed
            means.append(result.min)
    device.record_times("model", result.results)
    # Each is the mean of its runs, so that their number does not show but for the clock's ticks.
    assert 0.2 < means[0] / means[1] < 5
