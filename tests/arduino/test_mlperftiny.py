# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny's commands over the serial port of the emulated Mega 2560."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import numpy as np
import pytest

from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import ERRORS, flashed, generate, sine_reference
from tests.device_kit.mlperf_terminal import Terminal
from tests.templates import tiny_model

KWS = "-DTARGET_MODEL=1 -DTH_MODEL_VERSION=EE_MODEL_VERSION_KWS01"
QUANTA = "-DOUT_QUANT_SCALE=0.00390625 -DOUT_QUANT_ZERO=-128"


def test_performance_mode(
    int8_archive: pathlib.Path,
    int8_answers: list[Any],
    arduino_cli: str,
    tmp_path: pathlib.Path,
    mega: EmulatedMega,
) -> None:
    target = tmp_path / "project"
    options = {"project_type": "mlperftiny", "compile_definitions": f"{KWS} {QUANTA}"}
    generate(int8_archive, target, arduino_cli, **options).build()
    sizes = json.loads((target / "build" / "footprint.json").read_text())["firmware"]
    assert sizes["data"] < 3_000  # texts and weights are not among it
    with flashed(target, mega) as project, project.transport() as wire:
        terminal = Terminal(wire)
        mode, lap, done = terminal.lines()
        assert (mode, done) == ("m-timestamp-mode-performance", "m-init-done")
        assert re.fullmatch(r"m-lap-us-\d+", lap)
        assert terminal.say("name") == ["m-name-dut-[microTVM]"]
        assert terminal.say("profile")[1] == "m-model-[kws01]"
        assert terminal.say("db load 65") == ["e-[The model takes 64 bytes, not 65]"]
        for given, wanted in int8_answers[1:3]:
            terminal.load(given.tobytes())
            said = terminal.say("infer 2 1")
            assert said[:3] == ["m-warmup-start-1", "m-warmup-done", "m-infer-start-2"]
            first, second = (int(line.removeprefix("m-lap-us-")) for line in said[3:5])
            assert 1_000 < second - first < 10_000_000
            values = ",".join(f"{(int(value) + 128) / 256:.3f}" for value in wanted.ravel())
            assert said[5:] == ["m-infer-done", f"m-results-[{values}]"]
        assert terminal.say("db print 2 62") == [
            f"m-buffer-{given.tobytes()[62]:02x}-{given.tobytes()[63]:02x}"
        ]


def test_energy_mode(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path, mega: EmulatedMega
) -> None:
    options = {"project_type": "mlperftiny", "compile_definitions": "-DEE_CFG_ENERGY_MODE=1"}
    target = tmp_path / "project"
    generate(sine_archive, target, arduino_cli, **options).build()
    with flashed(target, mega) as project, project.transport() as wire:
        terminal = Terminal(wire)
        assert terminal.lines() == ["m-timestamp-mode-energy", "m-init-done"]
        x = np.array([[np.pi / 2]], np.float32)
        terminal.load(x.tobytes())
        assert mega.pulses() == 1
        said = terminal.say("infer 1 0")
        value = f"{sine_reference(x)[0, 0]:.3f}"
        assert said == ["m-warmup-start-0", "m-warmup-done", "m-infer-start-1"] + [
            "m-infer-done",
            f"m-results-[{value}]",
        ]
        assert mega.pulses() == 3


def test_a_benchmark_that_is_too_big_is_refused_with_numbers(
    arduino_cli: str, tmp_path: pathlib.Path
) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    options = {"project_type": "mlperftiny", "compile_definitions": "-DTARGET_MODEL=3"}
    project = generate(archive, tmp_path / "p", arduino_cli, workspace_size_bytes=8000, **options)
    with pytest.raises(ERRORS, match=r"too big for arduino:avr:mega.*(region|of 8192 bytes)"):
        project.build()
