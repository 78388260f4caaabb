# SPDX-License-Identifier: Apache-2.0
"""The Project API clients that TVM released, each driving this template end to end."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import microtvm
from tests.arduino.board import EmulatedMega
from tests.arduino.conftest import run, sine_reference
from tests.arduino.emulated_stm32.board import EmulatedStm32
from tests.arduino.emulated_stm32.place import Place
from tests.crt import archives
from tests.crt.conftest import Release, release
from tests.crt.tvm_client import TvmClient, TvmTransport, check_operator, loaded

__all__ = ["release"]  # a fixture

pytestmark = pytest.mark.timeout(900)

ARDUINO = pathlib.Path(microtvm.get_microtvm_template_projects("arduino"))
POINTS = np.linspace(0, 2 * np.pi, 5, dtype="float32").reshape(5, 1, 1)


@pytest.fixture(scope="module")
def tvm(release: Release) -> TvmClient:
    return loaded(release)


def test_a_model_of_this_project_on_a_mega(
    tvm: TvmClient,
    sine_archive: pathlib.Path,
    arduino_cli: str,
    mega: EmulatedMega,
    tmp_path: pathlib.Path,
) -> None:
    given = {"board": "mega2560", "arduino_cli_cmd": arduino_cli, "port": mega.port}
    given["project_type"] = "host_driven"
    tvm.generate(ARDUINO, sine_archive, tmp_path / "project", **given)
    tvm.build(tmp_path / "project", **given)
    with tvm.start(tmp_path / "project") as server:
        options = tvm.options(server.server_info_query("0.18.0"), **given)
        for _ in range(2):
            with microtvm.Session(TvmTransport(tvm, server, options)) as session:
                model = microtvm.create_local_aot_executor(session)
                found = np.array([run(model, x) for x in POINTS])
            assert np.abs(found - sine_reference(POINTS)).max() < 1e-4


def test_an_operator_of_the_release_on_an_stm32(
    tvm: TvmClient, stm32_options: dict[str, str], stm32_place: Place, tmp_path: pathlib.Path
) -> None:
    """Its own archive on its own C runtime."""
    archive = archives.operator(tmp_path / "scale.tar", tvm.release.version)
    given = {**stm32_options, "project_type": "host_driven"}
    stm32_place.clear()
    tvm.generate(ARDUINO, archive, stm32_place.project, **given)
    stm32_place.warm()
    tvm.build(stm32_place.project, is_flashed=False, **given)  # the emulator starts with it
    with EmulatedStm32(stm32_place.project) as board:
        check_operator(tvm, stm32_place.project, **given, port=board.port)
