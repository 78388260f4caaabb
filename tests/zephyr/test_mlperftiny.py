# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny on Zephyr's boards."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from server_kit.errors import ServerError
from tests.device_kit.mlperf_terminal import Terminal
from tests.server_kit.pipe_driver import PYTHON, PipeDriver, ReplyError
from tests.templates import tiny_model
from tests.zephyr.test_boards import MPS2, NATIVE, Bench, bench, board, chosen
from tests.zephyr.tiny_zephyr import TinyZephyr

__all__ = ["bench", "board"]  # fixtures

pytestmark = [pytest.mark.timeout(900)]

ENERGY = "-DEE_CFG_ENERGY_MODE=1"


@pytest.mark.parametrize(
    ("project_type", "definitions", "is_energy_mode"),
    [
        ("mlperftiny", ENERGY, True),
        ("mlperftiny", "-DTARGET_MODEL=1 -DEE_CFG_ENERGY_MODE", True),
        ("mlperftiny", "-DEE_CFG_ENERGY_MODE=0", False),
        ("standalone", ENERGY, False),
    ],
)
def test_what_energy_mode_asks_of_zephyr(
    generate: Callable[..., pathlib.Path],
    tiny_zephyr: TinyZephyr,
    project_type: str,
    definitions: str,
    is_energy_mode: bool,
) -> None:
    project = generate(
        board="mps2/an385",
        zephyr_base=str(tiny_zephyr.base),
        project_type=project_type,
        compile_definitions=definitions,
    )
    assert json.loads((project / "project.json").read_text())["is_energy_mode"] == is_energy_mode
    configuration = (project / "prj.conf").read_text()
    assert ("CONFIG_MICROTVM_ENERGY_MODE=y\n" in configuration) == is_energy_mode


@pytest.mark.parametrize(("definitions", "speed"), [(ENERGY, 9600), ("", 1000000)])
def test_the_port_s_speed_is_that_of_the_mode(
    generate: Callable[..., pathlib.Path], tiny_zephyr: TinyZephyr, definitions: str, speed: int
) -> None:
    if subprocess.run([PYTHON, "-c", "import serial"], capture_output=True, check=False).returncode:
        pytest.skip(f"PySerial is missing in {PYTHON}; it is needed to open ports")
    base = str(tiny_zephyr.base)
    options = {"project_type": "mlperftiny", "compile_definitions": definitions}
    project = generate(board="nucleo_f746zg", zephyr_base=base, **options)
    with PipeDriver(project) as server:
        server.call("build")
        with pytest.raises(ReplyError, match=f"cannot be opened at {speed} baud"):
            server.call("open_transport", options={"port": "/dev/no-port"})


def test_performance_mode(bench: Bench, board: str, tmp_path: pathlib.Path) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    definitions = "-DTH_MODEL_VERSION=EE_MODEL_VERSION_KWS01"
    options = {"project_type": "mlperftiny", "compile_definitions": definitions}
    with bench.make(
        "project", archive, board, warning_as_error=True, **options
    ) as project, project.transport() as wire:
        terminal = Terminal(wire)
        mode, lap, done = terminal.lines()
        assert (mode, done) == ("m-timestamp-mode-performance", "m-init-done")
        assert re.fullmatch(r"m-lap-us-\d+", lap)
        assert terminal.say("name") == ["m-name-dut-[microTVM]"]
        assert terminal.say("profile")[1] == "m-model-[kws01]"
        terminal.load(np.array([0.0, 1.0, 0.5, -10.0], np.float32).tobytes())
        assert terminal.say("db print 5 3") == ["m-buffer-00-00-00-80-3f"]
        said = terminal.say("infer 3 1")
        assert said[:3] == ["m-warmup-start-1", "m-warmup-done", "m-infer-start-3"]
        first, second = (int(line.removeprefix("m-lap-us-")) for line in said[3:5])
        assert first <= second
        assert said[5:] == ["m-infer-done", "m-results-[1.000,3.000,2.000,-19.000]"]
        assert terminal.say("results") == said[-1:]
        assert terminal.say("x" * 1000) == ["e-[A command has at most 255 characters]"]
        assert terminal.say("db load 17") == ["e-[The model takes 16 bytes, not 17]"]


def test_a_model_of_tvm_018(
    bench: Bench,
    shared_mlf: pathlib.Path,
    tvm_crt: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    golden = np.load(shared_mlf / "kws_int8.golden.npz")
    archive, board = shared_mlf / "kws_int8_aot.tar", chosen(MPS2, monkeypatch)
    kws = "-DTARGET_MODEL=1 -DOUT_QUANT_SCALE=0.00390625 -DOUT_QUANT_ZERO=-128"
    options = {"project_type": "mlperftiny", "compile_definitions": kws}
    with bench.make(
        "project", archive, board, tvm_crt, **options
    ) as project, project.transport() as wire:
        terminal = Terminal(wire)
        terminal.lines()
        for given, wanted in zip(golden["input"][:3], golden["output"], strict=False):
            terminal.load(given.tobytes())
            values = ",".join(f"{(int(value) + 128) / 256:.3f}" for value in wanted.ravel())
            assert terminal.say("infer 1 0")[-1] == f"m-results-[{values}]"


USER_PIN = "/ { zephyr,user { timestamp-gpios = <&gpio0 7 0>; }; };"
# As real boards have it, with two of its pins.
ARDUINO = """/ { arduino_header: connector {
    compatible = "arduino-header-r3";
    #gpio-cells = <2>;
    gpio-map-mask = <0xffffffff 0xffffffc0>;
    gpio-map-pass-thru = <0 0x3f>;
    gpio-map = <12 0 &gpio0 1 0>, <13 0 &gpio0 5 0>;
}; };"""


@pytest.mark.parametrize(("overlay", "pin"), [(USER_PIN, 7), (ARDUINO, 5)])
def test_energy_mode_moves_a_pin(
    bench: Bench,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    overlay: str,
    pin: int,
) -> None:
    # QEMU has nothing behind the pins, and logs what is written there.
    log = tmp_path / "qemu.log"
    monkeypatch.setenv("QEMU_EXTRA_FLAGS", f"-d unimp -D {log}")
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    extra = {"boards/mps2_an385.overlay": overlay.encode()}
    options = {
        "project_type": "mlperftiny",
        "compile_definitions": ENERGY,
        "extra_files_tar": str(tiny_model.write_tar(tmp_path / "extra.tar", extra)),
        "warning_as_error": True,
    }

    def levels() -> list[int]:
        """Those of all pins of the port, one after the other (offset 4: what is put out)."""
        written = re.findall(r"gpio: .* write .*offset 0x0*4, value (\w+)\)", log.read_text())
        return [int(value, 16) for value in written]

    high, pulse = 1 << pin, [0, 1 << pin]
    with bench.make(
        "project", archive, chosen(MPS2, monkeypatch), **options
    ) as project, project.transport() as wire:
        terminal = Terminal(wire)
        started = terminal.lines()
        assert started[-2:] == ["m-timestamp-mode-energy", "m-init-done"]
        assert levels() == [high, *pulse]
        said = terminal.say("infer 3 1")
        assert said[:3] == ["m-warmup-start-1", "m-warmup-done", "m-infer-start-3"]
        assert said[3:] == ["m-infer-done", "m-results-[1.000,1.000,1.000,1.000]"]
        assert levels() == [high, *pulse * 3]
        assert terminal.say("timestamp") == []
        assert levels() == [high, *pulse * 4]


def test_energy_mode_wants_a_pin(
    bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    options = {"project_type": "mlperftiny", "compile_definitions": ENERGY}
    with pytest.raises(ServerError) as caught:
        bench.make("project", archive, chosen(MPS2, monkeypatch), **options)
    assert "name one in boards/BOARD.overlay, as / { zephyr,user { timestamp-gp" in str(
        caught.value
    )


def int8_autoencoder(path: pathlib.Path, input_code: int = 0) -> pathlib.Path:
    """640 features in, each inverted out. DLPack's code 0 is a signed integer, 1 an unsigned."""
    files = tiny_model.members()
    for name, text in files.items():
        changed = (
            text.decode().replace("{2, 32, 1}, 16}", "{0, 8, 1}, 640}").replace("{4}", "{640}")
        )
        files[name] = changed.replace("{0, 8, 1}", f"{{{input_code}, 8, 1}}", 1).encode()
    kernel = """
        #include "tvmgen_default.h"
        int32_t tvmgen_default_run(struct tvmgen_default_inputs* inputs,
                                   struct tvmgen_default_outputs* outputs) {
            const int8_t* x = (const int8_t*)inputs->x;
            for (int i = 0; i < 640; ++i) ((int8_t*)outputs->y)[i] = (int8_t)~x[i];
            return 0;
        }
    """
    tensor = {"dtype": "int8", "size": 640, "shape": [640]}
    metadata = json.loads(files["./metadata.json"])
    main = metadata["modules"]["default"]["memory"]["functions"]["main"][0]
    main.update({"inputs": {"x": tensor}, "outputs": {"y": tensor}})
    files["./metadata.json"] = json.dumps(metadata).encode()
    files["./codegen/host/src/default_lib0.c"] = kernel.encode()
    return tiny_model.write_tar(path, files)


def test_features_of_sounds_are_floats_for_models_of_integers_too(
    bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = int8_autoencoder(tmp_path / "model.tar")
    board = chosen(NATIVE, monkeypatch)
    ad = "-DTARGET_MODEL=3 -DOUT_QUANT_SCALE=0.25 -DOUT_QUANT_ZERO=-3"
    given = f"{ad} -DIN_QUANT_SCALE=0.5 -DIN_QUANT_ZERO=7"
    features = np.random.default_rng(0).normal(0, 20, 640).astype(np.float32)
    quantized = np.clip(np.round(features / 0.5) + 7, -128, 127)
    output = 0.25 * ((-1 - quantized) + 3)
    with bench.make(
        "project", archive, board, project_type="mlperftiny", compile_definitions=given
    ) as project, project.transport() as wire:
        terminal = Terminal(wire)
        terminal.lines()
        terminal.load(features.tobytes())
        (result,) = re.findall(r"m-results-\[(.*)\]", terminal.say("infer 1 0")[-1])
    assert float(result) == pytest.approx(np.mean((output - features) ** 2), rel=1e-5)


def test_features_go_into_no_smaller_input(
    bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = int8_autoencoder(tmp_path / "model.tar", input_code=1)
    board = chosen(NATIVE, monkeypatch)
    options = {"project_type": "mlperftiny", "compile_definitions": "-DTARGET_MODEL=3"}
    with bench.make("project", archive, board, **options) as project, project.transport() as wire:
        wanted = b"e-[The model's input is neither float32 nor int8]\r\n"
        assert wire.read(len(wanted), 30) == wanted
