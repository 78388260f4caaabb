# SPDX-License-Identifier: Apache-2.0
"""Ends that nobody announced: of the firmware, of the client; and two clients at once."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from typing import Any

from ...project_api.client import SERVER_FILE
from .. import processes, victim
from ..clause import RFC, Fails, Level, NotApplicable, clause, expect
from ..firmware import require_session, session
from ..wire import MARK, NoAnswer, ReplyError, Server, command
from ..work import Work
from ..workbench import Workbench, remove, tree

_CLIENT = f"{RFC}: Host-driven model inference"
_DEVICE = f"{RFC}: read_transport, write_transport, Raises"
_STARTED: tuple[str, dict[str, Any]] = ("server_info_query", {"tvm_version": ""})
_TRIES = 64
_AT_WORK_SEC = 2.0
_START_SEC = 1.0


@clause("endings.device_gone", _DEVICE)
def device_gone(bench: Workbench) -> None:
    """When the device is gone, reading and writing raise TransportClosedError."""
    with bench.start(bench.flashed()) as server:
        _kill_firmware(bench, server)
        _expect_closed(server, "read_transport", n=1, timeout_sec=5)
        _expect_closed(server, "write_transport", data="0a", timeout_sec=5)


@clause("endings.device_back", _DEVICE, level=Level.RECOMMENDED)
def device_back(bench: Workbench) -> None:
    """When the device was gone, its transport can be closed and opened again."""
    require_session(bench)
    with bench.start(bench.flashed()) as server:
        _kill_firmware(bench, server)
        server.ask("read_transport", n=4096, timeout_sec=1)
        server.call("close_transport")
        server.call("open_transport", options=bench.all_options)
        with session(server) as (opened, _):
            opened.get_system_lib()


@clause("endings.hang_up", _CLIENT)
def hang_up(bench: Workbench) -> str:
    """A server whose client closes the pipes ends by itself."""
    with bench.start() as server:
        server.call("server_info_query", tvm_version="")
        begin = time.monotonic()
        server.hang_up()
        try:
            server.process.wait(bench.end_sec)
        except subprocess.TimeoutExpired:
            server.process.kill()
            raise Fails(
                f"it goes on after {bench.end_sec:g} s", "end when the request pipe is at its end"
            ) from None
    return f"{time.monotonic() - begin:.2f} s"


@clause("endings.killed_generating", _CLIENT, effort=Work(generations=1))
def killed_generating(bench: Workbench) -> None:
    """A client killed during generate_project leaves no process and no half project."""
    bench.project()
    reference = bench.place("whole") / "project"
    begin = time.monotonic()
    error = bench.generate(reference)
    took_sec = time.monotonic() - begin
    expect(error is None, str(error), "see generate.project")
    whole = _sources(reference)
    for part in (0.0, 0.25, 0.5):
        room = bench.place("killed")
        delay_sec = part * took_sec
        request = ("generate_project", bench.parameters(room / "project"))
        mark = _kill_client(bench, bench.template, [_STARTED], request, delay_sec)
        _expect_none_left(bench, mark)
        for path in room.iterdir():
            complete = path.name == "project" and whole <= _sources(path)
            expect(
                complete,
                f"killed after {delay_sec:.3f} s, it leaves the half project {path.name}",
                "write the project beside its target, rename it when it is whole, and remove it "
                "when the client goes",
            )
            remove(path)


# Of the two builds the first is cut short.
@clause("endings.killed_building", _CLIENT, effort=Work(generations=1, builds=1, rebuilds=1))
def killed_building(bench: Workbench) -> None:
    """A client killed during build leaves no process, and the project builds afterwards."""
    bench.built()
    project = bench.place("killed") / "project"
    error = bench.generate(project)
    expect(error is None, str(error), "see generate.project")
    mark = _kill_client(bench, project, [], ("build", {"options": bench.all_options}), None)
    _expect_none_left(bench, mark)
    error = bench.build(project)
    expect(
        error is None or bench.cannot_build_again(),
        f"the build after it: {error}",
        "count on what a build that was cut short leaves",
    )


@clause("endings.killed_connected", _CLIENT)
def killed_connected(bench: Workbench) -> None:
    """A client killed during a read without a time limit leaves no process."""
    bench.require_transport()
    opening = ("open_transport", {"options": bench.all_options})
    reading = ("read_transport", {"n": 1 << 16, "timeout_sec": None})
    mark = _kill_client(bench, bench.flashed(), [opening], reading, 0.2)
    _expect_none_left(bench, mark)


@clause("endings.two_generate", f"{RFC}: Generating a project", effort=Work(generations=2))
def two_generate(bench: Workbench) -> None:
    """Two servers of one template generate projects at the same time."""
    bench.project()
    room = bench.place("two")
    with bench.start() as first, bench.start() as second:
        asked = [
            (server, server.send("generate_project", **bench.parameters(room / name)))
            for server, name in ((first, "first"), (second, "second"))
        ]
        replies = [server.receive(number, 600) for server, number in asked]
    for name, reply in zip(("first", "second"), replies, strict=True):
        error = reply.get("error")
        expect(
            not error and (room / name / SERVER_FILE).is_file(),
            f"the {name}: {ReplyError('generate_project', error) if error else 'no project'}",
            "write nothing into the template's own directory",
        )


@clause("endings.two_connect", f"{RFC}: connect_transport")
def two_connect(bench: Workbench) -> str:
    """A second client of a project is served or refused clearly, and the first goes on."""
    require_session(bench)
    with bench.connected() as first, session(first) as (opened, _):
        opened.get_system_lib()
        with bench.start(bench.flashed()) as second:
            error = second.ask("open_transport", options=bench.all_options)
            expect(
                error is None or (error.message and not error.message.startswith("calling method")),
                f"the second: {error}",
                "say that the device is in use",
            )
            if error is None:
                with session(second) as (other, _):
                    other.get_system_lib()
        try:
            opened.get_system_lib()
        except Exception as lost:
            raise Fails(f"the first client lost its session: {lost}", "lock the device") from lost
    return "refused" if error else "served"


def _kill_firmware(bench: Workbench, server: Server) -> None:
    """Open the transport and kill what that started."""
    bench.require_transport()
    server.call("server_info_query", tvm_version="")
    before = processes.marked(server.mark)
    server.call("open_transport", options=bench.all_options)
    started: set[int] = set()
    end = time.monotonic() + _START_SEC
    # A process's environment is there a moment after it is; and one more may watch over the other.
    while time.monotonic() < end:
        time.sleep(0.01)
        seen = {*processes.marked(server.mark)} - {*before}
        if seen and seen == started:
            break
        started = seen
    if not started:
        raise NotApplicable("open_transport starts no process: unplug the device and see")
    processes.kill([*started])


def _expect_closed(server: Server, method: str, **params: Any) -> None:
    """Expect TransportClosedError, after what was under way has arrived."""
    for _ in range(_TRIES):
        error = server.ask(method, **params)
        if error is None:
            time.sleep(0.01)
            continue
        expect(
            error.message == "TransportClosedError",
            f"{error}",
            "notice the end of the device's pipe or port, and raise TransportClosedError",
        )
        return
    raise Fails(
        f"{method} still succeeds {_TRIES} times", "notice the end of the device's pipe or port"
    )


def _kill_client(
    bench: Workbench,
    directory: pathlib.Path,
    answered: list[tuple[str, dict[str, Any]]],
    last: tuple[str, dict[str, Any]],
    delay_sec: float | None,
) -> str:
    """Kill a client in the middle of a call; give the mark of all it started.

    Without a delay it is killed when the server has started another program.
    """
    mark = bench.new_mark()
    plan = {
        "command": command(directory),
        "directory": str(directory),
        "answered": [_line(*request) for request in answered],
        "last": _line(*last),
    }
    bench.say(f"-- starts a client to be killed during {last[0]}")
    client = subprocess.Popen(
        [sys.executable, str(victim.__file__), json.dumps(plan)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, MARK: mark},
        text=True,
    )
    try:
        assert client.stdout is not None and client.stderr is not None
        if client.stdout.readline() != "ready\n":
            raise NoAnswer(f"the client to be killed ended: {client.stderr.read().strip()[-300:]}")
        if delay_sec is None:
            end = time.monotonic() + _AT_WORK_SEC
            while len(processes.at_work(mark)) < 3 and time.monotonic() < end:
                time.sleep(0.005)
        else:
            time.sleep(delay_sec)
    finally:
        client.kill()
        client.communicate()
    return mark


def _line(method: str, params: dict[str, Any]) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def _expect_none_left(bench: Workbench, mark: str) -> None:
    left = processes.wait_until_gone(mark, bench.end_sec)
    processes.kill(left)
    names = f"{len(left)} process{'es' if len(left) > 1 else ''}"
    expect(
        not left,
        f"{names} went on for {bench.end_sec:g} s after it",
        "end when the request pipe is at its end, even in the middle of a call, and end what was "
        "started first",
    )


def _sources(project: pathlib.Path) -> set[str]:
    """What generation wrote, but for what Python keeps beside it."""
    return {path for path in tree(project) if "__pycache__" not in path}
