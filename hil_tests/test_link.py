# SPDX-License-Identifier: Apache-2.0
"""The link carries what it should, as fast as its line rate lets it."""

from __future__ import annotations

import time

import numpy as np

import microtvm
from microtvm.rpc.remote import RemoteError

LARGEST_BYTES = 4096
ROUND_TRIPS = 100
CALLS = 50


def largest(session):
    """Allocate the largest tensor of a power of two that the board has room for twice."""
    size = LARGEST_BYTES
    while True:
        try:
            session.empty((size,), "uint8")
            return session.empty((size,), "uint8")
        except RemoteError:
            size //= 2
            assert size >= 16


def test_echo_soak(device, record, request):
    """Bytes that need the wire's escapes, there and back for as long as was asked for."""
    limit = request.config.getoption("--soak")
    with device.session() as session:
        tensor = largest(session)
        size, turn, times = tensor.shape[0], 0, []
        begun = time.perf_counter()
        while (elapsed := time.perf_counter() - begun) < limit or turn < 10:
            sent = np.random.default_rng(turn).integers(0, 256, size, "uint8")
            sent[::3] = 0xFF
            asked = time.perf_counter()
            tensor.copyfrom(sent)
            got = tensor.numpy()
            times.append(time.perf_counter() - asked)
            np.testing.assert_array_equal(got, sent)
            turn += 1
    record.throughput("echo", 2 * size * turn, elapsed, device.line_rate)
    record.latency(f"echo of {size} bytes", times)


def test_round_trips(device, record):
    """The smallest question that the firmware answers, again and again."""
    times = []
    with device.session() as session:
        tensor = session.array(np.uint8([1]))
        for _ in range(ROUND_TRIPS):
            begun = time.perf_counter()
            tensor.numpy()
            times.append(time.perf_counter() - begun)
    record.latency("round trip", times)


def test_calls(device, record):
    """The model is run again and again: inputs sent, run, outputs read."""
    times = []
    with device.session() as session:
        model = microtvm.create_local_aot_executor(session)
        for turn in range(CALLS):
            x = np.float32([turn, -turn, 0.5, 100])
            begun = time.perf_counter()
            model.run(x=x)
            got = model.get_output(0).numpy()
            times.append(time.perf_counter() - begun)
            np.testing.assert_array_equal(got, 2 * x + 1)
    record.latency("call", times)
