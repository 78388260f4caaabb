# SPDX-License-Identifier: Apache-2.0
"""Hardware maps: what is read of them, what is written, and that Zephyr's twister agrees."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from hil_tests.bench import map_writing
from hil_tests.bench.hardware_map import MapError, boards_of, load
from hil_tests.device import BoardUnderTest
from hil_tests.device.board_under_test import BoardError
from microtvm.boards import Board, Kind

TWISTER = pathlib.Path(__file__).with_name("twister_map.py")
NUCLEO = """
- connected: true
  id: {id}
  platform: nucleo_f746zg
  product: STM32 STLink
  runner: openocd
  serial: /dev/ttyACM0
"""


@pytest.fixture
def twister():
    """Run Zephyr's twister at a map; skipped where there is none or it lacks packages."""
    if not os.environ.get("ZEPHYR_BASE"):
        pytest.skip("ZEPHYR_BASE is missing; it is needed to run Zephyr's own twister")

    def run(verb: str, path: pathlib.Path) -> str:
        command = [sys.executable, str(TWISTER), verb, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        # tabulate it imports and does without, up to where it prints a table.
        if re.search("ModuleNotFoundError|name 'tabulate' is not defined", done.stderr):
            pytest.skip(f"twister lacks a package: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        if done.stdout.startswith("Install tabulate"):  # it goes on without
            pytest.skip("twister lacks a package: tabulate")
        return done.stdout

    return run


def written(tmp_path: pathlib.Path, text: str) -> pathlib.Path:
    path = tmp_path / "map.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_reaches_the_run(tmp_path):
    path = written(
        tmp_path,
        """
- connected: true
  id: "000683459357"
  platform: nrf52840dk_nrf52840
  product: J-Link
  runner: nrfjprog
  runner_params: ["--erase", "--tool-opt=a b"]
  serial: /dev/ttyACM0
  baud: 921600
  fixtures: [gpio_loopback, "power:hub 2"]
  flash_timeout: 90
  flash_before: true
  pre_script: /bin/on
  post_flash_script: /bin/settle
  post_script: /bin/off
  script_param: {pre_script_timeout: 7}
- connected: true
  id: "1"
  platform: [fvp_a, fvp_b]
  product: x
  runner: unknown
  serial_pty: "nc lab 5000"
""",
    )
    (dut, *models), notes = boards_of(path)
    assert notes == []
    assert dut.options == {
        "board": "nrf52840dk_nrf52840",
        "port": "/dev/ttyACM0",
        "serial_number": "000683459357",
        "runner": "nrfjprog",
        "runner_args": "--erase '--tool-opt=a b'",
        "baudrate": "921600",
    }
    assert (dut.template, dut.flash_timeout) == ("zephyr", 90)
    assert dut.fixture("power") == "hub 2"
    assert dut.fixture("gpio_loopback") == ""
    assert (dut.pre_script.command, dut.pre_script.seconds) == ("/bin/on", 7)
    assert (dut.post_flash_script.command, dut.post_script.command) == ("/bin/settle", "/bin/off")
    assert [one.name for one in models] == ["fvp_a", "fvp_b"]
    assert {(one.serial_pty, one.port, one.hardware) for one in models} == {
        ("nc lab 5000", None, "1")
    }


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("066712345670", "066712345670"),
        ('"066712345670"', "066712345670"),
        ("0x1F", "0x1F"),
        ("683459357", "683459357"),
    ],
)
def test_a_serial_number_keeps_its_digits(tmp_path, given, known):
    """YAML reads what looks like a number as one: of another board."""
    ((dut,), _) = boards_of(written(tmp_path, NUCLEO.format(id=given)))
    assert dut.options["serial_number"] == known


def test_of_two_probes_the_one_named_is_flashed(tmp_path):
    """Its number is in runner_params already, or goes to the template as its option."""
    text = NUCLEO.format(id='"0672FF"') + NUCLEO.format(id='"0667AA"').replace("ACM0", "ACM1")
    text += '  runner_params: ["--cmd-pre-init=adapter serial 0667AA"]\n'
    (first, second), _ = boards_of(written(tmp_path, text))
    assert first.options["serial_number"] == "0672FF"
    assert "serial_number" not in second.options  # the template refuses two choices
    assert "adapter serial 0667AA" in second.options["runner_args"]
    assert first.hardware != second.hardware


def test_the_number_of_a_probe_of_its_own_goes_before_the_board_s(tmp_path):
    text = NUCLEO.format(id='"FTDI1"') + "  probe_id: 0667\n"
    ((dut,), _) = boards_of(written(tmp_path, text))
    assert dut.options["serial_number"] == "0667"


@pytest.mark.parametrize("line", ["available: true", "connected: true\n  available: true"])
def test_old_maps_say_available(tmp_path, line):
    text = NUCLEO.format(id="a").replace("connected: true", line)
    assert len(boards_of(written(tmp_path, text))[0]) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("connected: false", "is not connected"),
        ("available: false", "is not connected"),
        ("connected: true\n  available: false", "is not available"),
    ],
)
def test_what_is_not_there_is_named_as_left_out(tmp_path, line, why):
    text = NUCLEO.format(id="a").replace("connected: true", line)
    duts, (note,) = boards_of(written(tmp_path, text))
    assert duts == []
    assert note.endswith(f"map.yml, board 1 (nucleo_f746zg) {why}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("boards: {}", "is not a list of boards"),
        ("- {", "is not YAML"),
        ("- platform: a", "board 1 does not say whether it is connected"),
        (NUCLEO.format(id="a") + "  baudrate: 9600\n", "'baudrate', which twister does not know"),
        (NUCLEO.format(id="a") + "  flash_timeout: long\n", "flash_timeout is 'long'"),
        (NUCLEO.format(id="a") + "  fixtures: [1]\n", r"fixtures is \[1\]"),
        (
            "- {connected: true, platform: a, id: '', serial: ''}",
            "board 1 .a. has neither serial nor serial_pty nor id",
        ),
    ],
)
def test_a_map_that_cannot_be_used(tmp_path, text, why):
    with pytest.raises(MapError, match=why):
        boards_of(written(tmp_path, text))


def test_a_board_that_never_appears(tmp_path, monkeypatch):
    monkeypatch.setattr("hil_tests.device.board_under_test.APPEAR_SEC", 0.2)
    text = NUCLEO.format(id="a").replace("/dev/ttyACM0", str(tmp_path / "none"))
    ((dut,), _) = boards_of(written(tmp_path, text))
    board = BoardUnderTest(dut, tmp_path)
    try:
        board.prepare()
        with pytest.raises(BoardError, match="^.*none is not there after 0.2 s: is nucleo_f746zg"):
            board.begin()
        assert board.death == ""  # the first test tells why; those after it were not run
        with pytest.raises(BoardError, match="is dead since an earlier test: .*none is not"):
            board.begin()
        assert "none is not there" in board.death
    finally:
        board.close()


def test_a_console_whose_command_is_not_there(tmp_path):
    text = NUCLEO.format(id="a") + "  serial_pty: no-such-command lab 5000\n"
    ((dut,), _) = boards_of(written(tmp_path, text))
    board = BoardUnderTest(dut, tmp_path)
    try:
        board.prepare()
        with pytest.raises(BoardError, match="serial_pty: no-such-command lab 5000 cannot be run"):
            board.begin()
    finally:
        board.close()


def attached(port: str, number: str) -> Board:
    options = {"port": port, "serial_number": number}
    return Board("STM32 STLink", Kind.ATTACHED, "USB", options=options)


def test_a_map_is_brought_up_to_date(tmp_path):
    path = written(tmp_path, NUCLEO.format(id="'0667'") + NUCLEO.format(id="'0668'"))
    told = map_writing.write(path, [attached("/dev/ttyACM5", "0668"), attached("/dev/tty6", "9")])
    assert told == (3, 2)
    gone, moved, new = load(path)
    assert (gone["id"], gone["connected"], gone.get("serial")) == ("0667", False, None)
    assert (moved["platform"], moved["serial"]) == ("nucleo_f746zg", "/dev/ttyACM5")
    assert (new["id"], new["platform"], new["connected"]) == ("9", "unknown", True)


def test_a_file_that_is_no_map_is_left_alone(tmp_path):
    path = written(tmp_path, "a: 1\n")
    with pytest.raises(MapError):
        map_writing.write(path, [])
    assert path.read_text() == "a: 1\n"


def test_twister_reads_what_is_written_here(twister, tmp_path):
    path = written(tmp_path, "- {connected: true, platform: qemu_x86, serial_pty: nc lab 1}\n")
    path.write_text(path.read_text() + NUCLEO.format(id="0667").replace("true", "false"))
    map_writing.write(path, [attached("/dev/ttyACM5", "0667"), attached("/dev/tty6", "000912")])
    old, nucleo, new = json.loads(twister("load", path))
    assert (old["platform"], old["serial_pty"]) == ("qemu_x86", "nc lab 1")
    assert (nucleo["id"], nucleo["serial"], nucleo["runner"]) == ("0667", "/dev/ttyACM5", "openocd")
    assert (new["id"], new["platform"]) == ("000912", "unknown")


def test_what_twister_writes_is_read_here(twister, tmp_path):
    path = tmp_path / "map.yml"
    twister("save", path)
    duts, notes = boards_of(path)
    assert duts == []
    assert all("has no platform yet: edit it" in note for note in notes)
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry in entries:
        entry["platform"] = "nucleo_f746zg"
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")
    duts, _ = boards_of(path)
    assert {(dut.options["serial_number"], dut.port, dut.options["runner"]) for dut in duts} == {
        ("0667FF505353667267080944", "/dev/ttyACM0", "openocd"),
        ("066712345670", "/dev/ttyACM1", "openocd"),
    }
    path.write_text(path.read_text() + "  extra_unknown_to_all: 1\n", encoding="utf-8")
    with pytest.raises(MapError):
        boards_of(path)
