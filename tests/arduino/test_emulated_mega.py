# SPDX-License-Identifier: Apache-2.0
"""The whole way: generated, compiled, programmed by avrdude, asked over the wire."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import microtvm
from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import ERRORS, STAND_IN, flashed, generate, run, sine_reference
from tests.server_kit.pipe_driver import wait_until

ROUNDS = 200
STK500V2_SIGN_ON = bytes([0x1B, 1, 0, 1, 0x0E, 1, 0x1B ^ 1 ^ 1 ^ 0x0E ^ 1])
POINTS = np.linspace(0, 2 * np.pi, 100, dtype="float32").reshape(100, 1, 1)


def load_kit(project: pathlib.Path) -> Any:
    """The module of a project that calls arduino-cli."""
    import importlib.util

    path = project / "arduino_kit" / "cli.py"
    spec = importlib.util.spec_from_file_location("arduino_cli_of_project", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def open_descriptors() -> int:
    """Those of this process and of the servers that it started."""
    children = [
        child
        for task in pathlib.Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    assert len(children) >= 2  # the emulator and the project's server
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in ["self", *children])


def processes_that_name(word: str) -> list[str]:
    """The command lines of living processes in which a word stands."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode())
    return [line for line in lines if word in line]


@pytest.fixture(scope="module")
def sine_mega(
    mega_program: pathlib.Path, sine_project: pathlib.Path, tmp_path_factory: Any
) -> Iterator[EmulatedMega]:
    """A board that has the sine model; who unplugs it plugs it in again."""
    with EmulatedMega(mega_program, tmp_path_factory.mktemp("dev") / "ttyACM0") as attached:
        flashed(sine_project, attached).close()
        yield attached


def attached_to(mega: EmulatedMega, project: pathlib.Path) -> Any:
    """The project, opened with the board's port."""
    return microtvm.GeneratedProject.from_directory(project, {"port": mega.port})


def answers(session: Any, points: np.ndarray) -> np.ndarray:
    model = microtvm.create_local_aot_executor(session)
    return np.array([run(model, point) for point in points])


def test_sine_answers_on_the_board(sine_project: pathlib.Path, sine_mega: EmulatedMega) -> None:
    project = attached_to(sine_mega, sine_project)
    with microtvm.Session(project.transport()) as session:
        found = answers(session, POINTS)
    assert np.abs(found - sine_reference(POINTS)).max() < 1e-4


def test_int8_on_the_board_is_int8_here(
    int8_archive: pathlib.Path,
    int8_answers: list[Any],
    arduino_cli: str,
    tmp_path: pathlib.Path,
    mega: EmulatedMega,
) -> None:
    target = tmp_path / "project"
    generate(int8_archive, target, arduino_cli).build()
    sizes = json.loads((target / "build" / "footprint.json").read_text())["firmware"]
    assert sizes["data"] < 5_000  # the constants, 4 KiB, are not among it
    with microtvm.Session(flashed(target, mega).transport()) as session:
        model = microtvm.create_local_aot_executor(session)
        for x, expected in int8_answers:
            np.testing.assert_array_equal(run(model, x), expected)


def test_memory_is_what_the_readme_says(
    sine_project: pathlib.Path, repository: pathlib.Path
) -> None:
    sizes = json.loads((sine_project / "build" / "footprint.json").read_text())["firmware"]
    readme = (repository / "README.md").read_text()
    row = re.search(r"Mega 2560.*\| ([\d,]+) of 253,952 bytes \| ([\d,]+) of 8,192 bytes", readme)
    flash, ram = (int(said.replace(",", "")) for said in row.groups())
    # It has arduino-cli's figures, whose flags differ a little from arduino-builder's.
    assert sizes["text"] == pytest.approx(flash, rel=0.025)
    assert sizes["data"] == pytest.approx(ram, rel=0.01)


def test_two_hundred_rounds_leak_nothing(
    sine_project: pathlib.Path, sine_mega: EmulatedMega
) -> None:
    project = attached_to(sine_mega, sine_project)
    expected = sine_reference(POINTS)
    held = None
    for number in range(ROUNDS):
        with microtvm.Session(project.transport()) as session:
            at = number % len(POINTS)
            found = answers(session, POINTS[at : at + 1])
            assert np.abs(found - expected[at]).max() < 1e-4
        if number == 2:
            held = open_descriptors()
    assert open_descriptors() == held


def test_replugged_board_keeps_its_firmware(
    sine_project: pathlib.Path, sine_mega: EmulatedMega
) -> None:
    project = attached_to(sine_mega, sine_project)
    sine_mega.do("unplug")
    with pytest.raises(ERRORS, match="not there now"), microtvm.Session(project.transport()):
        pass
    sine_mega.do("plug")
    with microtvm.Session(project.transport()) as session:
        assert np.abs(answers(session, POINTS[:1]) - sine_reference(POINTS[:1])).max() < 1e-4


def test_board_that_goes_in_mid_session(
    sine_project: pathlib.Path, sine_mega: EmulatedMega
) -> None:
    project = attached_to(sine_mega, sine_project)
    begun = time.monotonic()
    with (
        pytest.raises(ERRORS, match="gone|closed"),
        microtvm.Session(project.transport()) as session,
    ):
        sine_mega.do("unplug")
        answers(session, POINTS[:1])
    assert time.monotonic() - begun < 60
    sine_mega.do("plug")


def test_slow_programmer_finds_the_bootloader(
    sine_project: pathlib.Path, sine_mega: EmulatedMega
) -> None:
    import serial

    with serial.Serial(sine_mega.port, 115200, timeout=20) as port:
        assert len(port.read(12)) == 12  # the greeting: the firmware is up
        port.write(STK500V2_SIGN_ON)
        assert b"AVRISP_2" in port.read(17)


def test_port_that_is_not_there(sine_project: pathlib.Path, tmp_path: pathlib.Path) -> None:
    absent = str(tmp_path / "ttyACM9")
    project = microtvm.GeneratedProject.from_directory(sine_project, {"port": absent})
    with pytest.raises(ERRORS, match="ttyACM9 is not there"):
        project.flash()


def test_board_without_a_port_is_left_to_arduino_cli(
    sine_project: pathlib.Path, arduino_cli: str
) -> None:
    with (
        microtvm.GeneratedProject.from_directory(
            sine_project, {"arduino_cli_cmd": arduino_cli}
        ) as project,
        pytest.raises(
            ERRORS, match=r"failed: Failed uploading: no upload port provided, without a port, and "
        ),
    ):
        project.flash()


def test_two_boards_are_told_apart_by_their_ports(
    sine_project: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("EMULATED_MEGA2560", "/dev/ttyACM7 /dev/ttyACM8")
    with (
        microtvm.GeneratedProject.from_directory(
            sine_project, {"arduino_cli_cmd": str(STAND_IN)}
        ) as project,
        pytest.raises(ERRORS, match="2 boards of the kind .* /dev/ttyACM7, /dev/ttyACM8"),
    ):
        project.flash()


def test_port_that_is_busy(sine_project: pathlib.Path, sine_mega: EmulatedMega) -> None:
    project = attached_to(sine_mega, sine_project)
    other = microtvm.GeneratedProject.from_directory(sine_project, {"port": sine_mega.port})
    with (
        microtvm.Session(project.transport()),
        pytest.raises(ERRORS, match="in use by process"),
    ):
        other.flash()


def test_board_that_comes_back_under_another_name(
    sine_project: pathlib.Path, mega: EmulatedMega
) -> None:
    cli = str(pathlib.Path(__file__).with_name("renaming_arduino_cli.py"))
    given = {"port": mega.port, "arduino_cli_cmd": cli}
    with microtvm.GeneratedProject.from_directory(sine_project, given) as project:
        project.flash()
        assert not os.path.exists(mega.port)
        with microtvm.Session(project.transport()) as session:
            assert np.abs(answers(session, POINTS[:1]) - sine_reference(POINTS[:1])).max() < 1e-4


def test_upload_that_hangs(sine_project: pathlib.Path, arduino_cli: str, monkeypatch: Any) -> None:
    kit = load_kit(sine_project)
    monkeypatch.setattr(kit, "UPLOAD_SEC", 3.0)
    board, silent = os.openpty()  # a board that never answers
    begun = time.monotonic()
    with pytest.raises(ERRORS, match=r"upload did not end within 3.0 s; repeat with: .* upload"):
        kit.ArduinoCli(arduino_cli).upload(
            "arduino:avr:mega:cpu=atmega2560", os.ttyname(silent), sine_project / "build"
        )
    assert time.monotonic() - begun < 30
    # avrdude, which has a process group of its own, is ended as well.
    assert wait_until(lambda: not processes_that_name(os.ttyname(silent)))
    os.close(silent)
    os.close(board)


@pytest.mark.parametrize(
    ("board", "message"),
    [
        ("arduino:avr:nosuch", "arduino-cli knows no arduino:avr:nosuch"),
        ("arduino:avr:megaa", r"knows no arduino:avr:megaa \(did you mean 'arduino:avr:mega'\?\)"),
        ("Arduino:AVR:mega", r"install Arduino:AVR \(did you mean 'arduino:avr:mega'\?\)"),
        ("adafruit:samd:adafruit_metro_m4", "core install adafruit:samd --additional-urls https"),
    ],
)
def test_board_that_cannot_be_built_for(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path, board: str, message: str
) -> None:
    project = generate(sine_archive, tmp_path / "project", arduino_cli, board=board)
    with pytest.raises(ERRORS, match=message):
        project.build()


@pytest.mark.parametrize(
    ("board", "message"),
    [
        ("mega256", "did you mean 'mega2560'"),
        ('arduino:avr:mega:cpu="x"', "take out '\"'"),
        ("arduino:avr:mega;x y", "take out ' ' and ';'"),
    ],
)
def test_board_that_is_no_fqbn(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path, board: str, message: str
) -> None:
    with pytest.raises(ERRORS, match=message):
        generate(sine_archive, tmp_path / "project", arduino_cli, board=board)
    assert not (tmp_path / "project").exists()


def test_uno_holds_what_needs_no_server(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path
) -> None:
    target = tmp_path / "project"
    generate(sine_archive, target, arduino_cli, board="uno", project_type="example_project").build()
    sizes = json.loads((target / "build" / "footprint.json").read_text())["firmware"]
    assert 2_000 < sizes["text"] < 8_000
    assert 100 < sizes["data"] < 600


def test_sketch_that_is_too_big(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path
) -> None:
    project = generate(sine_archive, tmp_path / "project", arduino_cli, board="uno")
    with pytest.raises(ERRORS, match=r"too big for arduino:avr:uno: .*(region|of 2048 bytes)"):
        project.build()


@pytest.mark.parametrize("kind", ["sine", "int8"])
def test_example_prints_the_same(
    request: Any, arduino_cli: str, tmp_path: pathlib.Path, mega: EmulatedMega, kind: str
) -> None:
    import serial

    archive = request.getfixturevalue(f"{kind}_archive")
    project = generate(archive, tmp_path / "made", arduino_cli, project_type="example_project")
    project.close()
    target = (tmp_path / "made").rename(tmp_path / "moved")
    microtvm.GeneratedProject.from_directory(target).build()
    flashed(target, mega)
    with serial.Serial(mega.port, 115200, timeout=20) as port:
        line = port.readline().decode("ascii")
    assert line.startswith("output_0: ")
    printed = [float(word) for word in line.split()[1:]]
    if kind == "sine":
        assert abs(printed[0] - sine_reference(np.zeros((1, 1)))[0, 0]) < 1e-4
    else:
        assert printed == request.getfixturevalue("int8_answers")[0][1].ravel().tolist()
