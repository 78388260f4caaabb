# SPDX-License-Identifier: Apache-2.0
"""What ``microtvm boards`` finds, and how it says that it knows."""

from __future__ import annotations

import json
import pathlib
import stat

import pytest

from microtvm.cli import main

STAND_IN = pathlib.Path(__file__).parents[1] / "arduino" / "stand_in_arduino_cli.py"


def listed(capsys) -> dict:
    assert main(["boards", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_host_is_always_there(capsys):
    host = listed(capsys)["boards"][-1]
    assert (host["name"], host["kind"], host["template"]) == ("host", "host", "host")
    assert main(["boards"]) == 0
    assert "host (host; known by this machine)\n    --template host\n" in capsys.readouterr().out


def test_emulated_boards_are_those_of_the_template(require, capsys):
    require("qemu-system-arm", "emulate Cortex-M boards")
    found = {b["name"]: b for b in listed(capsys)["boards"] if b["kind"] == "emulated"}
    assert found["mps2_an385"]["options"] == {"board": "mps2_an385"}
    assert found["mps2_an385"]["template"] == "qemu_cortex_m"


def test_what_arduino_cli_names_is_listed_with_port_and_fqbn(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ARDUINO_CLI", str(STAND_IN))
    monkeypatch.setenv("EMULATED_MEGA2560", f"{tmp_path}/one {tmp_path}/two")
    found = [b for b in listed(capsys)["boards"] if b["template"] == "arduino"]
    assert [b["options"] for b in found] == [
        {"board": "arduino:avr:mega", "port": f"{tmp_path}/{name}"} for name in ("one", "two")
    ]
    assert {b["known_by"] for b in found} == {"arduino-cli board list"}


@pytest.mark.parametrize("script", ["echo no json", "exit 3"])
def test_a_broken_arduino_cli_is_a_note_and_no_error(monkeypatch, capsys, tmp_path, script):
    broken = tmp_path / "arduino-cli"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("ARDUINO_CLI", str(broken))
    assert any("gives no list of boards" in note for note in listed(capsys)["notes"])
