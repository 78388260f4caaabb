# SPDX-License-Identifier: Apache-2.0
"""Two servers and one board, whatever each calls it: real west, real PySerial on real terminals.

What no machine here has is the board: a fake list of ports says which terminals are whose.
"""

from __future__ import annotations

import json
import os
import pathlib
import pty
import subprocess
import tty
from typing import Any, Callable, Iterator

import pytest

from tests.server_kit.pipe_driver import PYTHON, PipeDriver, ReplyError, wait_until
from tests.zephyr.tiny_zephyr import TinyZephyr

FAKE_LISTING = """\
import json, os, types
from serial.tools import list_ports

def fake_comports():
    rows = json.loads(os.environ["FAKE_LISTING"])
    return [types.SimpleNamespace(**row) for row in rows]

list_ports.comports = fake_comports
"""
CONTEXT = """\
  -i DEV_ID, --dev-id DEV_ID
  --cmd-pre-init CMD_PRE_INIT
"""
NUMBERS = ("066DFF535550755187191037", "0672FF505353667267080944")


class Bench:
    """Two Nucleos on a hub, each a terminal, and a project for them."""

    def __init__(self, project: pathlib.Path, directory: pathlib.Path) -> None:
        self._project = project
        self._env = {"PYTHONPATH": str(directory)}
        (directory / "sitecustomize.py").write_text(FAKE_LISTING)
        self._fds: list[int] = []
        self.ports: list[str] = []
        for _ in NUMBERS:
            board, host = pty.openpty()
            tty.setraw(board)
            self.ports.append(os.ttyname(host))
            self._fds += [board, host]
        self._env["FAKE_LISTING"] = json.dumps(
            [
                {
                    "device": port,
                    "vid": 0x0483,
                    "pid": 0x374B,
                    "serial_number": number,
                    "location": f"99-3.{index}:1.2",
                    "description": "STM32 STLink",
                }
                for index, (port, number) in enumerate(zip(self.ports, NUMBERS))
            ]
        )

    def server(self) -> PipeDriver:
        return PipeDriver(self._project, env=self._env)

    def close(self) -> None:
        """Unplug both."""
        while self._fds:
            os.close(self._fds.pop())


@pytest.fixture()
def bench(
    generate: Callable[..., pathlib.Path], tiny_zephyr: TinyZephyr, tmp_path: pathlib.Path
) -> Iterator[Bench]:
    if subprocess.run([PYTHON, "-c", "import serial"], capture_output=True, check=False).returncode:
        pytest.skip(f"PySerial is missing in {PYTHON}; it is needed to open ports")
    tiny_zephyr.change(flash_context=CONTEXT)
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    directory = tmp_path / "fake_listing"
    directory.mkdir()
    bench = Bench(project, directory)
    with bench.server() as server:
        server.call("build")
    yield bench
    bench.close()


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ReplyError) as caught:
        call()
    return str(caught.value.message)


@pytest.mark.parametrize("name", ["port", "serial_number", "location", "link"])
def test_a_board_in_a_session_is_not_flashed(
    bench: Bench, tiny_zephyr: TinyZephyr, tmp_path: pathlib.Path, name: str
) -> None:
    link = tmp_path / "usb-STMicroelectronics_STM32_STLink_066D-if02"
    link.symlink_to(bench.ports[0])
    options = {
        "port": {"port": bench.ports[0]},
        "serial_number": {"serial_number": NUMBERS[0].lower()},
        "location": {"port": "99-3.0"},
        "link": {"port": str(link)},
    }[name]
    with bench.server() as first, bench.server() as second:
        first.call("open_transport", options=options)
        said = refused(lambda: second.call("flash", options={"serial_number": NUMBERS[0]}))
        assert f"the device USB 99-3.0 is in use by process {first.process.pid};" in said
        # Which of the two a tool would take is not known where neither is named.
        assert "USB 99-3.0 is in use" in refused(lambda: second.call("flash"))
        second.call("flash", options={"serial_number": NUMBERS[1]})
        first.call("close_transport")
        second.call("flash", options={"serial_number": NUMBERS[0]})
    flashed = [call[-1] for call in tiny_zephyr.calls("flash") if "--context" not in call]
    assert [NUMBERS[1] in flashed[0], NUMBERS[0] in flashed[1], len(flashed)] == [True, True, 2]


def test_a_board_that_is_flashed_has_no_session(bench: Bench, tiny_zephyr: TinyZephyr) -> None:
    tiny_zephyr.change(flash_says=["hang"])
    with bench.server() as second:
        first = bench.server()
        first.send("flash", options={"serial_number": NUMBERS[1]})
        assert wait_until((tiny_zephyr.base / "attempts").exists)
        said = refused(lambda: second.call("open_transport", options={"port": bench.ports[1]}))
        assert f"the device USB 99-3.1 is in use by process {first.process.pid};" in said
        second.call("open_transport", options={"port": bench.ports[0]})
        second.call("close_transport")
        first.process.kill()  # in the midst of it
        first.wait()
        first.hang_up()
        second.call("open_transport", options={"port": bench.ports[1]})


def test_a_board_is_in_one_session(bench: Bench) -> None:
    with bench.server() as first, bench.server() as second:
        first.call("open_transport", options={"serial_number": NUMBERS[0]})
        said = refused(lambda: second.call("open_transport", options={"port": "99-3.0:1.2"}))
        assert f"{bench.ports[0]} is in use by process {first.process.pid};" in said
        said = refused(lambda: second.call("open_transport"))
        assert f"serial_number={NUMBERS[1]}: {bench.ports[1]} (STM32 STLink, 0483:374b" in said
        second.call("open_transport", options={"serial_number": NUMBERS[1]})


def test_a_port_that_goes_between_listing_and_opening(bench: Bench) -> None:
    bench.close()
    with bench.server() as server:
        said = refused(lambda: server.call("open_transport", options={"port": "99-3.0"}))
    assert f"the port {bench.ports[0]} cannot be opened at 1000000 baud" in said
    assert "it is not there now: is the board attached, or does it restart?" in said
