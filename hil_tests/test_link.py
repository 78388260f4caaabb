# SPDX-License-Identifier: Apache-2.0
"""The link carries what it should, as fast as its line rate lets it."""

from __future__ import annotations

import time

import numpy as np

from microtvm.rpc.remote import RemoteError

LARGEST_BYTES = 4096
ROUND_TRIPS = 100


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
        size, turn = tensor.shape[0], 0
        begun = time.perf_counter()
        while (elapsed := time.perf_counter() - begun) < limit or turn < 10:
            sent = np.random.default_rng(turn).integers(0, 256, size, "uint8")
            sent[::3] = 0xFF
            tensor.copyfrom(sent)
            np.testing.assert_array_equal(tensor.numpy(), sent)
            turn += 1
    record.throughput("echo", 2 * size * turn, elapsed, device.line_rate)


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
