# SPDX-License-Identifier: Apache-2.0
"""Several boards at once: none waits for another, and one that dies takes none with it."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

import yaml

from tests.hil import suite

MEGA = "arduino:avr:mega"
FLASH_SEC = 200


def processes_of(mark: str) -> dict[int, list[str]]:
    """Those that have a variable of this value in their environment, and their command lines."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"={mark}\0".encode() in path.joinpath("environ").read_bytes():
                found[int(path.name)] = path.joinpath("cmdline").read_text().split("\0")
        except OSError:
            continue  # it has ended
    return found


def kill_when_it_soaks(machine: str, mark: str, run: subprocess.Popen) -> None:
    """Kill the emulator of a board that is in a session for longer than most are."""
    seen: dict[int, float] = {}
    while run.poll() is None:
        for pid, words in processes_of(mark).items():
            now = time.monotonic()
            if machine in words and now - seen.setdefault(pid, now) > 1.5:
                os.kill(pid, signal.SIGKILL)
                return
        time.sleep(0.05)


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
    begin, end = seconds_of(ran.tests)
    assert end - begin <= 1.25 * max(busy.values())


def test_eight_boards_of_which_one_is_killed_in_mid_test(emulated, tmp_path):
    """The others finish, and no process is left of any."""
    mark = str(tmp_path)
    emulators = ("mps2_an385", "mps2_an386", "mps2_an500", "mps3_an547")
    boards = written(tmp_path, *({"platform": name} for name in ("host",) * 4 + emulators))
    chosen = ("--hardware-map", boards, "-k", "soak or dtype", "--soak", "3")
    process = subprocess.Popen(
        suite.command(tmp_path / "report", *chosen),
        cwd=suite.REPOSITORY,
        env=suite.environment(HIL_TEST_MARK=mark),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    kill_when_it_soaks("mps2-an385", mark, process)
    said, _ = process.communicate(timeout=suite.LIMIT_SEC)
    ran = suite.Run(process.returncode, said, tmp_path / "report")
    assert ran.status == 1, said
    hosts = [f"host #{number}" for number in (1, 2, 3, 4)]
    for name in (*hosts, *emulators[1:]):
        assert ran.outcomes(name) == {"passed": 2}, said
    (failed,) = ran.failures("mps2_an385")
    assert "soak" in failed["name"]
    assert "signal 9" in failed["message"]
    assert "received" in failed["wire"]
    assert "wire of mps2_an385" in said
    assert processes_of(mark) == {}
