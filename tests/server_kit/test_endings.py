# SPDX-License-Identifier: Apache-2.0
"""However a client or a server ends, no process and no half project is left."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any, Callable

import pytest

from tests.server_kit.conftest import EXAMPLE
from tests.server_kit.pipe_driver import PipeDriver, processes_below, wait_until

# Compilers below a tool; arduino-cli gives each a process group of its own.
TOOL = (
    "import os, subprocess, sys, time, pathlib\n"
    "for group in (None, os.setpgrp):\n"
    "    child = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
    "    subprocess.Popen(child, preexec_fn=group)\n"
    "pathlib.Path('started').touch(); time.sleep(60)"
)
BUILD = ("build", {"options": {"project_type": "a", "tool": TOOL}})
FLASH = ("flash", {"options": {"tool": TOOL}})
FIRST_BYTE = ("read_transport", {"n": 1, "timeout_sec": 10})
READ = ("read_transport", {"n": 100, "timeout_sec": None})
WRITE = ("write_transport", {"data": "0" * 2_000_000, "timeout_sec": None})

#: Requests that are answered, then one that is being served when the client is lost.
STAGES: dict[str, tuple[list[tuple[str, Any]], tuple[str, Any] | None]] = {
    "idle": ([], None),
    "generate": ([], ("generate_project", {})),
    "build": ([], BUILD),
    "flash": ([], FLASH),
    "open": ([("open_transport", {"options": {"firmware": "family"}}), FIRST_BYTE], None),
    "deaf": ([("open_transport", {"options": {"firmware": "deaf"}}), FIRST_BYTE], None),
    "read": ([("open_transport", {"options": {"firmware": "echo"}})], READ),
    "write": ([("open_transport", {"options": {"firmware": "deaf"}}), FIRST_BYTE], WRITE),
}


def bring_to(server: PipeDriver, stage: str, directory: pathlib.Path) -> None:
    """Get a server into a stage and wait until it is in the middle of it."""
    before, last = STAGES[stage]
    for method, params in before:
        server.call(method, **params)
    if last is None:
        return
    method, params = last
    if stage == "generate":
        params = {
            "model_library_format_path": __file__,
            "project_dir": str(directory / "new" / "project"),
            "options": {"tool": "wait"},
        }
    server.send(method, **params)
    if stage in ("build", "flash"):
        assert wait_until((directory / "started").exists)
    elif stage == "generate":
        assert wait_until(lambda: list(directory.glob("new/.project.*/notes/facts.txt")))
    else:
        time.sleep(0.3)


def check_nothing_left(server: PipeDriver, directory: pathlib.Path) -> None:
    server.process.wait(15)
    assert wait_until(lambda: not processes_below(directory))
    assert not (directory / "new").exists()


@pytest.mark.parametrize("stage", STAGES)
def test_the_client_closes_its_pipes(
    start: Callable[[], PipeDriver], tmp_path: pathlib.Path, stage: str
) -> None:
    server = start()
    bring_to(server, stage, tmp_path)
    begun = time.monotonic()
    server.hang_up()
    check_nothing_left(server, tmp_path)
    assert time.monotonic() - begun < 10


CLIENT = """
import json, os, sys
from tests.server_kit.pipe_driver import PipeDriver
from tests.server_kit.test_endings import bring_to
import pathlib
directory = pathlib.Path(sys.argv[1])
server = PipeDriver(pathlib.Path(sys.argv[2]), cwd=directory)
bring_to(server, sys.argv[3], directory)
print(server.process.pid, flush=True)
import time; time.sleep(60)
"""


@pytest.mark.parametrize("stage", STAGES)
def test_the_client_is_killed(tmp_path: pathlib.Path, repository: pathlib.Path, stage: str) -> None:
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(tmp_path), str(EXAMPLE), stage],
        cwd=repository,
        stdout=subprocess.PIPE,
    )
    assert client.stdout is not None
    server_id = int(client.stdout.readline())
    assert server_id in processes_below(tmp_path)
    client.kill()
    client.wait()
    client.stdout.close()
    assert wait_until(lambda: not processes_below(tmp_path))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("stage", STAGES)
def test_the_server_is_told_to_end(
    start: Callable[[], PipeDriver], tmp_path: pathlib.Path, stage: str, number: signal.Signals
) -> None:
    server = start()
    server.call("server_info_query")
    bring_to(server, stage, tmp_path)
    server.process.send_signal(number)
    check_nothing_left(server, tmp_path)


@pytest.mark.parametrize("stage", ["build", "read"])
def test_only_the_request_pipe_is_closed(
    start: Callable[[], PipeDriver], tmp_path: pathlib.Path, stage: str
) -> None:
    """Requests in work get a moment to end, not forever."""
    server = start()
    bring_to(server, stage, tmp_path)
    os.close(server.request_fd)
    check_nothing_left(server, tmp_path)
    server.request_fd = os.open(os.devnull, os.O_RDONLY)  # for hang_up


def test_the_server_is_killed_and_the_firmware_ends_with_its_input(
    start: Callable[[], PipeDriver], tmp_path: pathlib.Path
) -> None:
    server = start()
    server.call("open_transport", options={"firmware": "echo"})
    server.process.kill()
    check_nothing_left(server, tmp_path)


@pytest.mark.parametrize("stage", ["build", "flash", "open", "deaf", "read"])
def test_the_server_is_killed_and_what_it_started_ends_with_all_below_it(
    start: Callable[[], PipeDriver], tmp_path: pathlib.Path, stage: str
) -> None:
    server = start()
    bring_to(server, stage, tmp_path)
    server.process.kill()
    check_nothing_left(server, tmp_path)


def test_signals_during_cleaning_up_do_not_stop_it(
    start: Callable[[], PipeDriver], tmp_path: pathlib.Path
) -> None:
    server = start()
    bring_to(server, "deaf", tmp_path)
    for _ in range(5):
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    check_nothing_left(server, tmp_path)


def test_a_client_that_leaves_in_mid_request_gets_no_answer_and_no_traceback(
    start: Callable[[], PipeDriver],
) -> None:
    server = start()
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server_info_query"})
    server.send_raw(request.encode()[:30])
    server.hang_up()
    assert server.wait() == ""


def test_two_servers_do_not_disturb_each_other(start: Callable[[], PipeDriver]) -> None:
    first, second = start(), start()
    for server in (first, second):
        server.call("open_transport", options={"firmware": "echo"})
    first.write(b"first")
    second.write(b"second")
    first.hang_up()
    first.wait()
    assert second.read(6) == b"second"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "both --read-fd and --write-fd are needed"),
        (["--read-fd", "0"], "both"),
        (["--read-fd", "x", "--write-fd", "1"], "--read-fd wants an open file descriptor, not 'x'"),
        (["--read-fd", "0", "--write-fd", "777"], "not '777'"),
        (["--read-fd=0", "--write-fd"], "not ''"),
        (["--port", "1"], "unknown argument '--port'"),
    ],
)
def test_a_wrong_command_line(arguments: list[str], complaint: str) -> None:
    script = str(EXAMPLE / "microtvm_api_server.py")
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and complaint in done.stderr and "Traceback" not in done.stderr


def test_standard_input_and_output_serve_too() -> None:
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server_info_query"})
    script = str(EXAMPLE / "microtvm_api_server.py")
    done = subprocess.run(
        [sys.executable, script, "--read-fd=0", "--write-fd=1", "--debug"],
        input=request,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["result"]["platform_name"] == "example"
    assert "request:" in done.stderr
