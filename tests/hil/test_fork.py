# SPDX-License-Identifier: Apache-2.0
"""The suite on a template of one's own, and on a board whose console is a command."""

from __future__ import annotations

import sys

import yaml

from tests.hil import suite
from tests.hil.serial_boards import OVERLAY, SerialBoard, template

BRIEF = ("--soak", "0.5", "--restarts", "3", "-k", "not its_answer")


def test_a_fork_s_board_whose_console_is_a_command(require, tmp_path):
    require("cc", "build firmware for the host")
    with SerialBoard(tmp_path / "tty1") as board:
        bridge = f"{sys.executable} {OVERLAY / 'bridge.py'} {board.port}"
        entry = {"platform": "host", "connected": True, "id": board.port, "serial_pty": bridge}
        path = tmp_path / "map.yml"
        path.write_text(yaml.safe_dump([{**entry, "flash_timeout": 200}]), encoding="utf-8")
        chosen = ("--hardware-map", str(path), "--template", str(template(tmp_path / "template")))
        ran = suite.run(tmp_path / "report", *chosen, *BRIEF)
        assert board.strangers() == []
    assert ran.status == 0, ran.said
    assert ran.outcomes("host").keys() == {"passed", "skipped"}, ran.said
    assert ran.outcomes("host")["passed"] >= 30, ran.said
