# SPDX-License-Identifier: Apache-2.0
"""Eight boards at serial ports at once: each is one worker's, and none leaves anything held."""

from __future__ import annotations

import contextlib

import yaml

from server_kit.boards.device_lock import DeviceLock
from tests.hil import suite
from tests.hil.busy_boards import BusyRun
from tests.hil.serial_boards import SerialBoard, template


def test_one_of_eight_is_killed_and_nothing_stays_held(require, tmp_path):
    require("cc", "build firmware for the host")
    with contextlib.ExitStack() as ends:
        ports = [tmp_path / f"tty{number}" for number in range(1, 9)]
        boards = [ends.enter_context(SerialBoard(port)) for port in ports]
        path = tmp_path / "map.yml"
        usual = {"connected": True, "platform": "host", "flash_timeout": 200}
        entries = [{**usual, "serial": board.port} for board in boards]
        path.write_text(yaml.safe_dump(entries), encoding="utf-8")
        chosen = ("--hardware-map", str(path), "--template", str(template(tmp_path / "template")))
        busy = BusyRun(tmp_path, 8, "host #3", lambda _: boards[2].kill(), *chosen)
        ran = busy.run
        assert ran.status == 1, ran.said
        for number in (1, 2, 4, 5, 6, 7, 8):
            assert ran.outcomes(f"host #{number}") == {"passed": 3}, ran.said
        (failed,) = ran.failures("host #3")
        assert "while_one_is_killed" in failed["name"]
        assert boards[2].port in failed["message"]
        assert "received" in failed["wire"]

        workers = [board.workers() for board in boards]
        assert all(len(one) == 1 for one in workers)
        assert len(set.union(*workers)) == 8
        for board in [*boards[:2], *boards[3:]]:  # the killed one's line may be another's by now
            with DeviceLock(f"hil {board.line}", board.line):
                assert board.strangers() == []
        assert busy.left_open() == [[]] * 8
        assert suite.processes_of(busy.mark) == {}
