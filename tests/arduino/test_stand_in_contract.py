# SPDX-License-Identifier: Apache-2.0
"""The stand-in and the real arduino-cli, side by side: what the template reads from them."""

from __future__ import annotations

import os
import pathlib
import re
from typing import Any

import pytest

from server_kit.errors import ToolError
from tests.arduino.conftest import STAND_IN
from tests.arduino.test_emulated_mega import load_kit

BOARDS = {
    "compiles": "arduino:avr:mega:cpu=atmega2560",
    "too big": "arduino:avr:uno",
    "no such board": "arduino:avr:nosuch",
    "no such option": "arduino:avr:mega:cpu=z80",
    "no such core": "adafruit:samd:adafruit_metro_m4",
}


def outcome(
    kit: Any, cli: str, fqbn: str, project: pathlib.Path, build: pathlib.Path
) -> tuple[str, Any]:
    """What `build` and its errors are made of; sizes differ by the compiler's flags."""
    more = ["--libraries", str(project / "libraries")]
    try:
        reply = kit.ArduinoCli(cli).compile(fqbn, project / "firmware", build, more)
    except ToolError as error:
        said = str(error)
        first = said.split(":")[0] if "too big" in said else re.split(r"[;(]| it said", said)[0]
        return "failed", first
    sections = reply["builder_result"]["executable_sections_size"]
    assert all(0 < one["size"] < one["max_size"] for one in sections)
    assert isinstance(reply["compiler_err"], str)
    return "compiled", sorted((one["name"], one["max_size"]) for one in sections)


@pytest.mark.parametrize("case", BOARDS)
def test_the_template_reads_the_same(
    case: str, sine_project: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    real = os.environ.get("ARDUINO_CLI")
    if not real:
        pytest.skip("ARDUINO_CLI names no arduino-cli to compare the stand-in with")
    kit = load_kit(sine_project)
    found = [
        outcome(kit, cli, BOARDS[case], sine_project, tmp_path / name)
        for name, cli in (("real", real), ("stand-in", str(STAND_IN)))
    ]
    assert found[0] == found[1]
    assert found[0][0] == ("compiled" if case == "compiles" else "failed")


def test_a_linker_s_reason_is_the_error(sine_project: pathlib.Path, tmp_path: pathlib.Path) -> None:
    kit = load_kit(sine_project)
    sketch = tmp_path / "linked"
    sketch.mkdir()
    (sketch / "linked.ino").write_text(
        "void nowhere();\nvoid setup() { nowhere(); }\nvoid loop() {}\n"
    )
    cli = os.environ.get("ARDUINO_CLI") or str(STAND_IN)
    with pytest.raises(ToolError, match="undefined reference to `nowhere"):
        kit.ArduinoCli(cli).compile(BOARDS["compiles"], sketch, tmp_path / "build")
