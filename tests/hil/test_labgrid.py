# SPDX-License-Identifier: Apache-2.0
"""Boards in places of labgrid: its own coordinator and exporter run here, its client is asked."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile

import pytest
import yaml

from hil_tests.bench.hardware_map import boards_of
from hil_tests.bench.in_places import Holds
from microtvm.boards.labgrid import LabgridError
from microtvm.cli import main
from tests import lab
from tests.hil import suite

LIMIT_SEC = 120
MEGA = "arduino:avr:mega"
WAITING = """
import time
def test_that_takes_long():
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def programs(require):
    names = ("client", "coordinator", "exporter")
    return {name: require(f"labgrid-{name}", "acquire places of labgrid") for name in names}


@pytest.fixture(scope="module")
def laboratory(programs, tmp_path_factory):
    """One whose boards nobody talks to."""
    port = {"host": "127.0.0.1", "port": 4711}
    power = {"NetworkPowerPort": {"model": "simplerest", "host": "http://lab/{value}", "index": 1}}
    exported = {
        "uno": {"NetworkSerialPort": {**port, "speed": 9600}, **power},
        "due": {
            "console": {"cls": "NetworkSerialPort", **port, "protocol": "raw"},
            "other": {"cls": "NetworkSerialPort", **port},
        },
        "none": power,
    }
    uno, due = {"board": "arduino:avr:uno"}, {"board": "arduino:sam:due", "template": "arduino"}
    tags = {"uno": uno, "due": due, "none": uno, "untold": {}}
    with lab.lab(programs, exported, tags, tmp_path_factory.mktemp("lab") / "lab") as made:
        yield made


@pytest.fixture
def quiet(laboratory, monkeypatch):
    """The laboratory, as this process' environment names it."""
    for name, value in laboratory.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LG_ENV", "of-no-matter.yaml")
    yield laboratory
    assert laboratory.acquired() == set()


def placed(*names: str, wait_sec: float = 0.0):
    """Give the boards of places, as long as they are held."""
    holds = Holds(wait_sec)
    try:
        return holds.placed(holds.named(names))
    finally:
        holds.release()


def test_a_place_says_board_port_and_power(quiet):
    (uno, due), (several, none) = placed("uno", "due/console", "due", "none")
    assert (uno.name, uno.template, uno.hardware) == ("uno", "arduino", "labgrid uno")
    assert uno.options == {
        "board": "arduino:avr:uno",
        "port": "rfc2217://127.0.0.1:4711?ign_set_control",
        "baudrate": "9600",
    }
    assert shlex.split(uno.fixture("power"))[-4:] == ["-p", "uno", "power", "cycle"]
    assert due.options == {"board": "arduino:sam:due", "port": "socket://127.0.0.1:4711"}
    assert due.fixture("power") is None
    assert several.endswith("the serial ports console, other: name one, as in due/NAME")
    assert none == "the place none has no serial port that the network reaches"


def test_a_map_names_a_place_by_a_fixture(quiet, tmp_path):
    """A field of its own would keep twister from reading the map; a place that is ours stays so."""
    path = tmp_path / "map.yml"
    entry = {"connected": True, "platform": "arduino:avr:uno", "fixtures": ["place:uno"]}
    path.write_text(yaml.safe_dump([entry, {**entry, "platform": "nucleo_f746zg"}]))
    quiet.ask("-p", "uno", "acquire")
    holds = Holds(0)
    (uno, nucleo), left = holds.placed(boards_of(path)[0])
    holds.release()
    assert left == []
    assert uno.port == nucleo.port == "rfc2217://127.0.0.1:4711?ign_set_control"
    assert (uno.hardware, nucleo.template) == (nucleo.hardware, "zephyr")
    assert quiet.acquired() == {"uno"}
    quiet.ask("-p", "uno", "release")


def test_a_place_that_is_misnamed(quiet):
    holds = Holds(0)
    with pytest.raises(LabgridError, match="has no place un; it has due, none, uno, untold$"):
        holds.named(["un"])
    with pytest.raises(LabgridError, match="nothing says which board is in the place untold: give"):
        holds.named(["untold"])
    (dut,) = holds.named(["untold"], "nucleo_f746zg")
    assert (dut.name, dut.template, dut.options) == ("untold", "zephyr", {"board": "nucleo_f746zg"})


def test_a_place_that_another_holds_is_left_out_and_listed_as_held(quiet, capsys):
    quiet.ask("-p", "uno", "acquire", user="eve")
    assert main(["boards", "--json"]) == 0
    duts, (left,) = placed("uno")
    quiet.ask("-p", "uno", "release", user="eve")
    assert duts == []
    assert re.fullmatch("the place uno is held by .*/eve", left)
    listed = [b for b in json.loads(capsys.readouterr().out)["boards"] if b["kind"] == "place"]
    assert [board["name"] for board in listed] == ["due", "none", "uno", "untold"]
    due, _, uno, untold = listed
    assert (due["template"], due["options"]) == ("arduino", {"board": "arduino:sam:due"})
    assert uno["known_by"].endswith(", the one: with uno")
    assert uno["problems"][0].endswith("/eve")
    assert "set-tags board=NAME" in untold["problems"][0]


def test_a_coordinator_that_is_not_there(programs, monkeypatch, capsys):
    monkeypatch.setenv("LABGRID_CLIENT", programs["client"])
    monkeypatch.setenv("LG_COORDINATOR", "127.0.0.1:1")
    assert main(["boards"]) == 0
    assert "labgrid at 127.0.0.1:1: Could not connect to coordinator" in capsys.readouterr().out
    monkeypatch.setenv("LABGRID_CLIENT", "no-such-client")
    assert main(["boards"]) == 0
    assert "no-such-client cannot be run: No such file" in capsys.readouterr().out


def begun(laboratory, directory: pathlib.Path, *arguments: str, **variables: str):
    """Begin a run that takes long."""
    tests = suite.own(directory, WAITING)
    return subprocess.Popen(
        suite.command(directory / "report", *arguments, tests=tests),
        cwd=suite.REPOSITORY,
        env=suite.environment(**laboratory.variables, **variables),
        # A shell has what runs in its background ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_run_that_is_interrupted_lets_its_place_go(quiet, tmp_path):
    process = begun(quiet, tmp_path, LG_PLACE="uno")
    try:
        assert process.stdout.readline().startswith("hil: uno, places of labgrid")
        assert quiet.acquired() == {"uno"}
        (left,) = placed("uno")[1]  # labgrid does not tell two runs of one user apart
        assert re.match(rf"the place uno: .* is in use by process {process.pid}[,;]", left)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT_SEC)
        assert quiet.acquired() == set()
    finally:
        process.kill()


def test_a_run_waits_for_its_place_and_lets_it_go_when_killed(quiet, tmp_path):
    quiet.ask("-p", "uno", "acquire", user="eve")
    process = begun(quiet, tmp_path, "--labgrid-place", "uno", "--labgrid-wait", "600")
    try:
        said = process.stdout.readline()
        quiet.ask("-p", "uno", "release", user="eve")
        assert said.startswith("hil: waiting up to 600 s: the place uno is held by ")
        assert process.stdout.readline().startswith("hil: uno, places of labgrid")
        assert quiet.acquired() == {"uno"}
    finally:
        process.kill()
    process.communicate(timeout=LIMIT_SEC)
    lab.until(lambda: quiet.acquired() == set())


def test_the_suite_on_a_board_behind_an_exporter(programs, attach, require, tmp_path):
    """Flashed through labgrid's ser2net, and switched off and on by labgrid's power driver."""
    require("ser2net", "serve ports as labgrid's exporter does")
    # The exporter takes ports below /dev only.
    with contextlib.ExitStack() as ends:
        # The exporter takes ports below /dev only.
        folder = pathlib.Path(ends.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        mega = attach(folder / "ttyACM0")
        switch = lab.power_switch(lambda on: mega.do("plug" if on else "unplug"))
        exported = {"RawSerialPort": {"port": mega.port}, **ends.enter_context(switch)}
        made = ends.enter_context(
            lab.lab(programs, {"mega": exported}, {"mega": {}}, tmp_path / "lab")
        )
        path = tmp_path / "map.yml"
        entry = {"connected": True, "platform": MEGA, "fixtures": ["place:mega"]}
        path.write_text(yaml.safe_dump([{**entry, "flash_timeout": 200}]))
        chosen = ("--hardware-map", str(path), "-k", "dtype or mid_transfer")
        ran = suite.run(tmp_path / "report", *chosen, **made.variables)
        assert made.acquired() == set()
    assert ran.status == 0, ran.said
    assert ran.outcomes(MEGA) == {"passed": 2, "skipped": 1}, ran.said
