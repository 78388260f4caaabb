# SPDX-License-Identifier: Apache-2.0
"""Firmware without the RPC server prints its answer for zeros on the console."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from hil_tests.device import scripts
from hil_tests.device.board_under_test import ERRORS, USUAL_BAUDRATE

KINDS = ("standalone", "example_project")
LISTEN_SEC = 15.0
ANSWER = re.compile(rb"^\w+:((?: [\d.]+)+)\s*$", re.MULTILINE)
COMMAND = re.compile(r": run (.*?), or generate")


def test_it_prints_its_answer(board):
    kinds = [kind for kind in KINDS if kind in board.choices("project_type")]
    if not kinds:
        pytest.skip(f"the template's option project_type has none of {', '.join(KINDS)}")
    with board.make(kinds[0], board.archive, project_type=kinds[0]) as project:
        board.end_server()
        board.flash(project)
        said = from_port(board) if board.dut.port else from_command(project, board.place(kinds[0]))
    found = ANSWER.search(said)
    assert found, f"the console said {said!r}"
    assert [float(word) for word in found.group(1).split()] == [1] * 4


def from_port(board) -> bytes:
    """Listen at the port; a board that printed before is reset where the bench can."""
    import serial

    said = b""
    baudrate = int(board.dut.options.get("baudrate") or USUAL_BAUDRATE)
    with serial.serial_for_url(board.dut.port, baudrate=baudrate, timeout=0.2) as port:
        command = board.dut.fixture("reset") or board.dut.fixture("power")
        if command:
            scripts.run(command, "reset")
        end = time.monotonic() + LISTEN_SEC
        while time.monotonic() < end and not ANSWER.search(said):
            said += port.read(256)
    if not said and not command:
        pytest.skip("the fixture reset:COMMAND is missing; it is needed to hear a board start")
    board.wire.add("received", said)
    return said


def from_command(project, directory) -> bytes:
    """Run what the template says that runs it."""
    with pytest.raises(ERRORS) as refused:
        project.transport().open()
    found = COMMAND.search(str(refused.value))
    assert found, str(refused.value)
    done = subprocess.run(
        found.group(1).split(),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=LISTEN_SEC,
        check=True,
    )
    return done.stdout
