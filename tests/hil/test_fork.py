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
        scripts = {
            name: f"sh -c 'echo {name} of the map >> {board.port}.log'"
            for name in ("pre_script", "post_flash_script", "post_script")
        }
        path = tmp_path / "map.yml"
        path.write_text(yaml.safe_dump([{**entry, **scripts, "flash_timeout": 200}]))
        chosen = ("--hardware-map", str(path), "--template", str(template(tmp_path / "template")))
        ran = suite.run(tmp_path / "report", *chosen, *BRIEF)
        assert board.strangers() == []
    done = [line.split()[0] for line in (tmp_path / "tty1.log").read_text().splitlines()]
    assert done[:3] == ["pre_script", "flash", "post_flash_script"]
    assert set(done[3:-1]) == {"flash", "open"}
    assert done[-1] == "post_script"
    assert ran.status == 0, ran.said
    assert ran.outcomes("host").keys() == {"passed", "skipped"}, ran.said
    assert ran.outcomes("host")["passed"] >= 30, ran.said


def test_flashing_that_hangs_is_ended(require, tmp_path):
    """Nothing takes what is flashed at the second port: the template waits for ever."""
    require("cc", "build firmware for the host")
    with SerialBoard(tmp_path / "tty1") as board:
        entry = {"platform": "host", "connected": True, "serial": board.port, "flash_timeout": 1}
        path = tmp_path / "map.yml"
        path.write_text(yaml.safe_dump([{**entry, "id": str(tmp_path / "tty2")}]))
        chosen = ("--hardware-map", str(path), "--template", str(template(tmp_path / "template")))
        tests = "def test_first(device): pass\ndef test_second(device): pass\n"
        mark = str(tmp_path)
        ran = suite.run_own(tmp_path, tests, *chosen, HIL_TEST_MARK=mark)
    first, second = ran.failures("host")
    assert first["message"] == (
        "flashing host did not end within 1 s (flash_timeout of the hardware map)"
    )
    assert "dead" not in first
    assert second["dead"] == first["message"]
    assert suite.processes_of(mark) == {}
