# SPDX-License-Identifier: Apache-2.0
"""``--interactive``: the operator is asked at the terminal, which is a pseudo-terminal here."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess

import yaml

from tests.hil import suite

MEGA = "arduino:avr:mega"
PROMPTS = {f"unplug {MEGA}": "unplug", f"plug {MEGA} in again": "plug"}
PROMPT = re.compile(rf"({'|'.join(PROMPTS)}), then press Enter: $")


def session_with(terminal: str):
    """Give what makes a process the first of a session at a terminal of its own."""

    def do() -> None:
        os.setsid()
        os.close(os.open(terminal, os.O_RDWR))  # the first that a session opens is its terminal

    return do


def test_a_board_is_unplugged_by_hand_and_reset_by_the_map_s_command(attach, obeying, tmp_path):
    mega = attach()
    path = tmp_path / "map.yml"
    entry = {"connected": True, "platform": MEGA, "serial": mega.port}
    fixtures = [f"reset:{obeying(mega)['reset']}"]
    path.write_text(yaml.safe_dump([{**entry, "fixtures": fixtures, "flash_timeout": 200}]))
    chosen = ("--interactive", "-k", "unplugged or its_answer")
    master, slave = pty.openpty()
    run = subprocess.Popen(
        suite.command(tmp_path / "report", "--hardware-map", str(path), *chosen),
        cwd=suite.REPOSITORY,
        env=suite.environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=session_with(os.ttyname(slave)),
    )
    os.close(slave)
    asked, said = [], ""
    with contextlib.suppress(OSError):  # the terminal's end
        while True:
            said += os.read(master, 4096).decode()
            found = PROMPT.search(said)
            if found:
                asked.append(found[1])
                mega.do(PROMPTS[found[1]])
                os.write(master, b"\n")
                said += "\n"
    os.close(master)
    ran = suite.Run(run.wait(suite.LIMIT_SEC), said, tmp_path / "report")
    assert asked == [*PROMPTS], said
    assert ran.status == 0, said
    assert ran.outcomes(MEGA) == {"passed": 2}, said


def test_without_a_terminal_nobody_is_asked(tmp_path):
    command = suite.command(tmp_path / "report", "--interactive", "--board", "host")
    done = subprocess.run(
        command, capture_output=True, text=True, start_new_session=True, check=False
    )
    assert done.returncode == 4
    assert "--interactive asks at the terminal, and this run has none" in done.stderr
