# SPDX-License-Identifier: Apache-2.0
"""Boards that are all busy while one of them is killed, whatever the machine's speed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
from collections import Counter
from collections.abc import Callable

from tests.hil import suite
from tests.lab import until

TESTS = """
import json
import os
import pathlib
import time

import numpy as np
import pytest

from hil_tests.device.board_under_test import ERRORS
from server_kit.boards.device_lock import DeviceLock
from server_kit.errors import ServerError

HERE = pathlib.Path(__file__).parent
X = np.float32([1, -2, 0.5, 100])


def descriptors():
    links = []
    for one in pathlib.Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(one))
        except OSError:
            pass
    return sorted(link for link in links if "/proc/" not in link)


@pytest.fixture(scope="session", autouse=True)
def held_by_this_worker(worker_id):
    before = descriptors()
    yield
    (HERE / f"{worker_id}.held").write_text(json.dumps([before, descriptors()]))


def test_sessions(device):
    for turn in range(5):
        with device.session() as session:
            np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)


@pytest.mark.skipif("not config.getoption('--template')", reason="boards without ports")
def test_nobody_else_could_have_it(device):
    with pytest.raises(ServerError, match=f"in use by process {os.getpid()}"):
        DeviceLock(f"hil {os.path.realpath(device.dut.port)}").acquire()
    with device.session(), pytest.raises(ServerError, match="in use by process"):
        DeviceLock(device.dut.port).acquire()


def test_while_one_is_killed(device):
    with device.session() as session:
        device.answer(session, X)
        (HERE / f"{device.dut.test_id}.begun").touch()
        while not (HERE / "killed").exists() or device.dut.name == os.environ["HIL_TEST_VICTIM"]:
            np.testing.assert_array_equal(device.answer(session, X), 2 * X + 1)
"""


class BusyRun:
    """A run that is over, in which a board was killed while all of them were in a session.

    Parameters
    ----------
    directory : pathlib.Path
        Where it is written.
    count : int
        How many boards there are.
    victim : str
        The name of the one that is killed.
    kill : callable
        Kills it; is given the variable that the run's processes have in their environment.
    *arguments : str
        What chooses the boards.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        count: int,
        victim: str,
        kill: Callable[[str], None],
        *arguments: str,
    ):
        self._tests = pathlib.Path(suite.own(directory, TESTS))
        self.mark = str(directory)
        report = directory / "report"
        variables = {"HIL_TEST_MARK": self.mark, "HIL_TEST_VICTIM": victim}
        with (directory / "said").open("w+") as said:
            process = subprocess.Popen(
                suite.command(report, *arguments, tests=str(self._tests)),
                cwd=suite.REPOSITORY,
                env=suite.environment(**variables),
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                until(lambda: self._begun() == count or process.poll() is not None)
                kill(self.mark)
                (self._tests / "killed").touch()
                status = process.wait(suite.LIMIT_SEC)
            finally:
                process.kill()
            said.seek(0)
            self.run = suite.Run(status, said.read(), report)

    def _begun(self) -> int:
        return len([*self._tests.glob("*.begun")])

    def left_open(self) -> list[list[str]]:
        """Tell what each worker had open at its end and not at its beginning."""
        held = [json.loads(file.read_text()) for file in self._tests.glob("*.held")]
        return [sorted((Counter(after) - Counter(before)).elements()) for before, after in held]


def kill_emulator(machine: str) -> Callable[[str], None]:
    """Give what kills the emulator of a machine."""

    def kill(mark: str) -> None:
        for pid, words in suite.processes_of(mark).items():
            if machine in words:
                os.kill(pid, signal.SIGKILL)

    return kill
