# SPDX-License-Identifier: Apache-2.0
"""Several boards at once: none waits for another, and one that dies takes none with it."""

from __future__ import annotations

import pathlib

import yaml

from tests.hil import suite
from tests.hil.busy_boards import BusyRun, kill_emulator

MEGA = "arduino:avr:mega"
FLASH_SEC = 200


def seconds_of(tests) -> tuple[float, float]:
    """From when until when tests ran."""
    return min(t["begun"] for t in tests), max(t["begun"] + t["seconds"] for t in tests)


def written(tmp_path: pathlib.Path, *boards: dict) -> str:
    """Write a hardware map."""
    path = tmp_path / "map.yml"
    usual = {"connected": True, "flash_timeout": FLASH_SEC}
    path.write_text(yaml.safe_dump([{**usual, **board} for board in boards]), encoding="utf-8")
    return str(path)


def test_the_suite_on_three_boards_none_waits_for_another(emulated, attach, obeying, tmp_path):
    mega = attach()
    fixtures = [f"{name}:{command}" for name, command in obeying(mega).items()]
    boards = written(
        tmp_path,
        {"platform": "host"},
        {"platform": "mps2_an386"},
        {"platform": MEGA, "serial": mega.port, "fixtures": fixtures},
    )
    # Without what flashes anew: half a minute each on the Mega.
    chosen = ("-k", "not another_model and not golden and not its_answer")
    brief = ("--soak", "2", "--restarts", "10")
    ran = suite.run(tmp_path / "report", "--hardware-map", boards, *chosen, *brief)
    assert ran.status == 0, ran.said
    names = ("host", "mps2_an386", MEGA)
    assert all(ran.outcomes(name)["passed"] >= 25 for name in names)
    assert ran.outcomes(MEGA)["passed"] > ran.outcomes("host")["passed"]  # power, cables, thieves
    restarts = [t for t in ran.tests if t["board"] == MEGA and "restarted" in t["name"]]
    assert {t["outcome"] for t in restarts} == {"passed"}  # by reset and by power
    busy = {n: sum(t["seconds"] for t in ran.tests if t["board"] == n) for n in names}
    windows = {n: seconds_of([t for t in ran.tests if t["board"] == n]) for n in names}
    begin, end = windows[max(names, key=lambda name: busy[name])]
    assert end - begin <= 1.25 * max(busy.values())
    assert all(windows[name][0] < end and begin < windows[name][1] for name in names)


def test_three_boards_of_which_one_is_killed_in_mid_test(emulated, tmp_path):
    """The others finish, and no process is left of any."""
    boards = written(tmp_path, *({"platform": p} for p in ("host", "mps2_an385", "mps3_an547")))
    kill = kill_emulator("mps2-an385")
    busy = BusyRun(tmp_path, 3, "mps2_an385", kill, "--hardware-map", boards)
    ran = busy.run
    assert ran.status == 1, ran.said
    for name in ("host", "mps3_an547"):
        assert ran.outcomes(name) == {"passed": 2, "skipped": 1}, ran.said
    (failed,) = ran.failures("mps2_an385")
    assert "while_one_is_killed" in failed["name"]
    assert "signal 9" in failed["message"]
    assert "received" in failed["wire"]
    assert "wire of mps2_an385" in ran.said
    assert busy.left_open() == [[]] * 3
    assert suite.processes_of(busy.mark) == {}
