# SPDX-License-Identifier: Apache-2.0
"""Boards with USB of their own: reset by 1200 baud, and another name each time they come.

The emulated Mega acts as one (no Mega has it); PySerial's list of ports is a fake.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import microtvm
from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import ERRORS, STAND_IN, generate, run, sine_reference
from tests.server_kit.pipe_driver import wait_until

FAKE_PORTS = pathlib.Path(__file__).parent / "fake_ports"
ARDUINO_VID, MEGA_PID = 0x2341, 0x0042
X = np.full((1, 1), 2, np.float32)

ListPorts = Callable[..., None]


@pytest.fixture()
def list_ports(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> ListPorts:
    """``list_ports((device, serial_number, location), ...)`` says what PySerial is to list."""
    listing = tmp_path / "fake_ports.json"
    monkeypatch.setenv("PYTHONPATH", str(FAKE_PORTS))
    monkeypatch.setenv("FAKE_SERIAL_PORTS", str(listing))

    def write(*rows: tuple[Any, str, str]) -> None:
        listing.write_text(
            json.dumps([[str(d), ARDUINO_VID, MEGA_PID, number, at] for d, number, at in rows])
        )

    return write


@pytest.fixture()
def native(mega_program: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[EmulatedMega]:
    (tmp_path / "dev").mkdir()
    with EmulatedMega(mega_program, tmp_path / "dev" / "ttyACM0", is_native=True) as board:
        yield board


@pytest.fixture(scope="module")
def native_project(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[pathlib.Path]:
    """The sine model, built for it; the variable is for uploading as well."""
    target = tmp_path_factory.mktemp("native") / "project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMULATED_NATIVE_USB", "1")
        with generate(sine_archive, target, str(STAND_IN)) as project:
            project.build()
        yield target


@pytest.mark.parametrize("number", ["95735353", ""])
def test_a_board_that_changes_its_name_is_found_again(
    native_project: pathlib.Path, native: EmulatedMega, list_ports: ListPorts, number: str
) -> None:
    # As it was plugged in, as the bootloader, which has no serial number, and as the new sketch.
    names = [native.port, f"{native.port}.1", f"{native.port}.2"]
    list_ports(
        (names[0], number, "1-2:1.0"), (names[1], "", "1-2:1.0"), (names[2], number, "1-2:1.0")
    )
    given = {"port": native.port, "arduino_cli_cmd": str(STAND_IN)}
    with microtvm.GeneratedProject.from_directory(native_project, given) as opened:
        opened.flash()
        assert wait_until(lambda: os.path.exists(names[2]))
        assert not os.path.exists(native.port)
        for _ in range(2):  # opening does not reset it: there is no greeting to wait for
            with microtvm.Session(opened.transport()) as session:
                model = microtvm.create_local_aot_executor(session)
                assert abs(run(model, X) - sine_reference(X)) < 1e-4


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("serial_number", "95735353", "ttyACM7"),
        ("serial_number", "85735353", "ttyACM8"),
        ("port", "1-3", "ttyACM8"),
        ("port", "2341:0042", "serial_number=85735353: .*ttyACM8"),
        (None, None, r"ttyACM7 \(serial number 95735353, at 1-2\), .*ttyACM8"),
    ],
)
def test_two_of_a_kind(
    sine_project: pathlib.Path,
    list_ports: ListPorts,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str | None,
    value: str | None,
    said: str,
) -> None:
    devices = [tmp_path / "ttyACM7", tmp_path / "ttyACM8"]
    for device in devices:
        device.touch()  # no ports: what opens them says so
    list_ports((devices[0], "95735353", "1-2:1.0"), (devices[1], "85735353", "1-3:1.0"))
    monkeypatch.setenv("EMULATED_MEGA2560", " ".join(map(str, devices)))
    given = {"arduino_cli_cmd": str(STAND_IN), **({option: value} if option else {})}
    with (
        microtvm.GeneratedProject.from_directory(sine_project, given) as project,
        pytest.raises(ERRORS, match=said) as caught,
    ):
        project.transport().open()
    assert option is None or "2341" in str(value) or len(caught.value.args[0].split("ttyACM")) == 2
