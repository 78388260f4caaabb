# SPDX-License-Identifier: Apache-2.0
"""``boards.json`` as tvm.micro.testing.get_target reads it, for TVM's own tutorials and tests."""

from __future__ import annotations

import json
import pathlib

import pytest

from microtvm import get_microtvm_template_projects

# tvm.target.target.MICRO_SUPPORTED_MODELS of TVM 0.18.
KNOWN = "atsamd51 cxd5602gg esp32 host imxrt10xx mps2_an521 mps3_an547 nrf52840 nrf5340dk rp2040"
KNOWN += " sam3x8e stm32f746xx stm32h7xx stm32l4r5zi stm32u5xx zynq_mp_r5"
# Arduino's boards that came after its template, with chips that TVM has no name for.
NAMELESS = {"arduino": {"atmega328p", "atmega2560", "ra4m1"}}


def models(platform: str) -> dict[str, str]:
    path = pathlib.Path(get_microtvm_template_projects(platform)) / "boards.json"
    return {board: facts["model"] for board, facts in json.loads(path.read_text()).items()}


@pytest.mark.parametrize("platform", ["zephyr", "arduino"])
def test_tvm_knows_the_models(platform: str) -> None:
    assert {*models(platform).values()} <= {*KNOWN.split(), *NAMELESS.get(platform, ())}


def test_boards_that_tvm_s_templates_knew() -> None:
    assert models("zephyr")["nucleo_l4r5zi"] == "stm32l4r5zi"
    nine = "due feathers2 metrom4 nano33ble pybadge spresense teensy40 teensy41 wioterminal"
    assert {models("arduino")[board] for board in nine.split()} <= {*KNOWN.split()}
