# SPDX-License-Identifier: Apache-2.0
"""Reset, power and cables, by the bench's own commands (fixtures) or by the operator's hands."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from hil_tests.device import operator, scripts
from hil_tests.device.board_under_test import ERRORS

X = np.float32([1, -2, 0.5, 100])
GONE_SEC = 10.0
THIEF = """
import os, sys, time
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
print("has it", flush=True)
end = time.monotonic() + 1
while time.monotonic() < end:
    try:
        os.read(port, 1)
    except OSError:
        pass
    time.sleep(0.002)
"""


def by_command(device, *names):
    """Give what does the first of these things that the bench can do; skip where it can none."""
    for name in names:
        command = device.dut.fixture(name)
        if command:
            return lambda: scripts.run(command, f"the fixture {name}")
    wanted = " or ".join(f"{name}:COMMAND" for name in names)
    pytest.skip(f"the fixture {wanted} is missing; see docs/hil.md")
    raise AssertionError


def by_hand(what):
    """Give what has the operator do it."""
    return lambda: operator.ask(what)


def is_well(device):
    """Whether a new session answers."""
    device.end_server()
    device.await_port()
    with device.session() as session:
        np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)


def until_lost(session, what):
    """Go on until the session is lost by what was done; answers are right as long as any come."""
    tensor = session.array(np.arange(16, dtype="uint8"))
    end = time.monotonic() + GONE_SEC
    while time.monotonic() < end:
        np.testing.assert_array_equal(tensor.numpy(), np.arange(16, dtype="uint8"))
    pytest.fail(f"the session goes on after {what}: was it this board's?")


@pytest.mark.parametrize("what", ["reset", "power"])
def test_a_board_that_is_restarted_in_mid_transfer(device, what):
    restart = by_command(device, what)
    with pytest.raises(ERRORS), device.session(limit_sec=GONE_SEC) as session:
        tensor = session.array(np.arange(16, dtype="uint8"))
        tensor.numpy()
        restart()
        until_lost(session, what)
    is_well(device)


def test_unplugged_and_plugged_in_again(device, request):
    if request.config.getoption("--interactive") and device.dut.port:
        name = device.dut.name
        unplug, plug = by_hand(f"unplug {name}"), by_hand(f"plug {name} in again")
    else:
        unplug, plug = by_command(device, "unplug"), by_command(device, "plug")
    with pytest.raises(ERRORS), device.session(limit_sec=GONE_SEC) as session:
        session.array(X).numpy()
        unplug()
        until_lost(session, "it was unplugged")
    plug()
    is_well(device)


def test_a_port_that_another_program_reads(device):
    """A terminal somewhere else takes bytes: lost they may be, wrong they must not be."""
    port = device.dut.port
    if port is None or not os.path.exists(port):
        pytest.skip("a port of this machine is missing; it is needed to steal from it")
    with device.session(limit_sec=5.0) as session:
        thief = subprocess.Popen([sys.executable, "-c", THIEF, port], stdout=subprocess.PIPE)
        try:
            assert thief.stdout.readline() == b"has it\n"
            try:
                while thief.poll() is None:
                    np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)
            except ERRORS as error:
                device.wire.add("log", str(error).encode())
        finally:
            thief.kill()
            thief.wait()
            thief.stdout.close()
    is_well(device)
