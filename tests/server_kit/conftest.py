# SPDX-License-Identifier: Apache-2.0
"""The example server, started in a directory of the test's own."""

from __future__ import annotations

import pathlib
import shutil
from typing import Callable, Iterator

import pytest

from tests.server_kit.pipe_driver import PipeDriver, processes_below, wait_until

EXAMPLE = pathlib.Path(__file__).parent / "example"


@pytest.fixture()
def start(tmp_path: pathlib.Path) -> Iterator[Callable[[], PipeDriver]]:
    """``start()`` gives a server whose processes all work below ``tmp_path``."""
    drivers: list[PipeDriver] = []

    def start_one() -> PipeDriver:
        driver = PipeDriver(EXAMPLE, cwd=tmp_path)
        drivers.append(driver)
        return driver

    yield start_one
    for driver in drivers:
        driver.hang_up()
        driver.wait()
    assert wait_until(lambda: not processes_below(tmp_path)), "a process was left behind"
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture()
def server(start: Callable[[], PipeDriver]) -> PipeDriver:
    """One example server."""
    return start()
