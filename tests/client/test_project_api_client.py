# SPDX-License-Identifier: Apache-2.0
"""The Project API client against servers of a few lines that misbehave, each a real process."""

from __future__ import annotations

import io
import json
import os
import pathlib
import subprocess
import sys
import textwrap
import time

import pytest

import server_kit
from microtvm.project import (
    GeneratedProject,
    NotATemplateProjectError,
    TemplateProject,
    TemplateProjectError,
)
from microtvm.project_api import client as project_api
from microtvm.project_api.client import (
    ConnectionShutdownError,
    MalformedReplyError,
    MismatchedIdError,
    ProjectAPIServerNotFoundError,
    UnsupportedProtocolVersionError,
    error_from_reply,
    instantiate_from_dir,
)

from .conftest import REPOSITORY

# A server whose answers are the function `answer`, which a test supplies.
SERVER = """
import json, os, sys, time
fds = dict(zip(sys.argv[1::2], sys.argv[2::2]))
requests = os.fdopen(int(fds["--read-fd"]), "rb")
replies = os.fdopen(int(fds["--write-fd"]), "wb", buffering=0)
INFO = {
    "protocol_version": 1, "platform_name": "stub", "is_template": False,
    "model_library_format_path": None, "project_options": [],
}

%s

for line in requests:
    request = json.loads(line)
    reply = answer(request)
    if isinstance(reply, dict):
        reply = json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}).encode() + b"\\n"
    replies.write(reply)
"""


def write_server(directory: pathlib.Path, answer: str) -> pathlib.Path:
    directory.mkdir(exist_ok=True)
    text = SERVER % textwrap.dedent(answer)
    (directory / "microtvm_api_server.py").write_text(text, encoding="utf-8")
    return directory


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_no_server_in_the_directory(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ProjectAPIServerNotFoundError, match="holds neither microtvm_api_server"):
        instantiate_from_dir(tmp_path)
    with pytest.raises(ProjectAPIServerNotFoundError, match="nowhere does not exist"):
        instantiate_from_dir(tmp_path / "nowhere")


def test_a_server_that_dies_at_its_start(tmp_path: pathlib.Path) -> None:
    (tmp_path / "microtvm_api_server.py").write_text("import no_such_module_here\n")
    with instantiate_from_dir(tmp_path) as client, pytest.raises(ConnectionShutdownError) as caught:
        client.server_info_query("0.18.0")
    assert "ended without answering server_info_query (exit status 1)" in str(caught.value)
    assert "No module named 'no_such_module_here'" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Traceback" in caught.value.details
    with pytest.raises(ConnectionShutdownError, match="after the server was shut down"):
        client.build()


def test_a_server_that_is_killed_while_it_works(tmp_path: pathlib.Path) -> None:
    write_server(tmp_path, "def answer(request): os.kill(os.getpid(), 9)")
    with (
        instantiate_from_dir(tmp_path) as client,
        pytest.raises(ConnectionShutdownError, match=r"answering build \(exit status -9\)"),
    ):
        client.build()


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ("return b'Building...\\n'", MalformedReplyError, "is not JSON: 'Building...'"),
        ("return b'[1, 2]\\n'", MalformedReplyError, "not JSON-RPC"),
        ("return b'\\xff\\xfe\\n'", MalformedReplyError, "not JSON"),
        ('return b\'{"id": 1, "result": 1}\\n\'', MalformedReplyError, "not JSON-RPC"),
        ("return {}", MalformedReplyError, "has no result"),
        (
            "return {'id': 7, 'result': None}",
            MismatchedIdError,
            "answered request 7 when build was 1",
        ),
        ("return {'error': 'no'}", MalformedReplyError, "the error 'no'"),
        ("replies.write(b'{'); sys.exit(3)", ConnectionShutdownError, "exit status 3"),
    ],
)
def test_answers_that_are_not_the_project_api(
    tmp_path: pathlib.Path, answer: str, error: type[Exception], says: str
) -> None:
    write_server(tmp_path, f"def answer(request): {answer}")
    with instantiate_from_dir(tmp_path) as client, pytest.raises(error, match=says):
        client.build()


def test_a_read_without_data(tmp_path: pathlib.Path) -> None:
    write_server(tmp_path, "def answer(request): return {'result': {'data': 'a\"b'}}")
    with (
        instantiate_from_dir(tmp_path) as client,
        pytest.raises(MalformedReplyError, match="answered read_transport with"),
    ):
        client.read_transport(4, None)


def test_another_version_of_the_project_api(tmp_path: pathlib.Path) -> None:
    write_server(
        tmp_path, "def answer(request): return {'result': {**INFO, 'protocol_version': 2}}"
    )
    with pytest.raises(UnsupportedProtocolVersionError, match="version 2 .* version 1"):
        GeneratedProject.from_directory(tmp_path)


@pytest.mark.parametrize("name", ["IoTimeoutError", "TransportClosedError"])
def test_errors_that_travel_by_name(name: str) -> None:
    trace = "Traceback (most recent call last):\n  ...\nE: e\n"
    # TVM's server sends the name and a traceback; ours adds a sentence.
    theirs = error_from_reply(
        "read_transport", {"code": -32000, "message": name, "data": {"traceback": trace}}
    )
    ours = error_from_reply(
        "read_transport",
        {"code": -32000, "message": name, "data": {"traceback": trace, "detail": "said so"}},
    )
    for error in (theirs, ours):
        assert type(error) is getattr(server_kit, name)
        assert "Traceback" not in str(error)
        assert error.traceback == trace
    assert str(ours) == "said so"
    assert str(theirs)


def test_an_unexpected_exception_in_tvms_server() -> None:
    error = error_from_reply(
        "build",
        {
            "code": -32000,
            "message": "calling method build",
            "data": {"traceback": "Traceback...\n  File x\nFileNotFoundError: no 'cmake' here\n"},
        },
    )
    assert type(error) is server_kit.ServerError
    assert str(error) == "build failed: FileNotFoundError: no 'cmake' here"


@pytest.mark.parametrize(
    ("code", "name"),
    [(-32700, "ParseError"), (-32601, "MethodNotFoundError"), (-32602, "InvalidParamsError")],
)
def test_errors_of_json_rpc(code: int, name: str) -> None:
    error = error_from_reply("build", {"code": code, "message": "because"})
    assert type(error).__name__ == name
    assert str(error) == "because"


def test_output_goes_where_it_is_asked_to(tmp_path: pathlib.Path) -> None:
    answer = """
        def answer(request):
            print("to stdout", flush=True)
            print("to stderr", file=sys.stderr, flush=True)
            return {"result": None}
    """
    write_server(tmp_path, answer)
    output = io.StringIO()
    with instantiate_from_dir(tmp_path, output=output) as client:
        client.build()
    assert output.getvalue().splitlines() == ["to stdout", "to stderr"]


def test_a_launch_script_is_run_in_place_of_the_server(tmp_path: pathlib.Path) -> None:
    write_server(tmp_path, "def answer(request): return {'result': os.environ['LAUNCHED']}")
    launcher = tmp_path / "launch_microtvm_api_server.sh"
    launcher.write_text(f'#!/bin/sh\nLAUNCHED=yes exec {sys.executable} "$@"\n')
    launcher.chmod(0o755)
    with instantiate_from_dir(tmp_path) as client:
        assert client._call("server_info_query", {}) == "yes"


def test_a_launch_script_that_cannot_be_run(tmp_path: pathlib.Path) -> None:
    (tmp_path / "launch_microtvm_api_server.sh").write_text("#!/nowhere/sh\n")
    with pytest.raises(project_api.ProjectAPIError, match="cannot be run"):
        instantiate_from_dir(tmp_path)


def test_a_server_that_does_not_want_to_end(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_api, "_END_SEC", 0.2)
    answer = """
        import signal, subprocess
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        def answer(request):
            child = subprocess.Popen(["sleep", "1000"])
            replies.write(json.dumps({"jsonrpc": "2.0", "id": request["id"],
                                      "result": [os.getpid(), child.pid]}).encode() + b"\\n")
            time.sleep(1000)
    """
    write_server(tmp_path, answer)
    with instantiate_from_dir(tmp_path) as client:
        server, child = client._call("build", {})
        assert is_running(server)
        assert is_running(child)
    assert wait_until_gone(server)
    assert wait_until_gone(child)


def test_a_client_that_is_no_longer_used_ends_its_server(tmp_path: pathlib.Path) -> None:
    write_server(tmp_path, "def answer(request): return {'result': os.getpid()}")
    client = instantiate_from_dir(tmp_path)
    pid = client._call("build", {})
    del client
    assert wait_until_gone(pid)


def test_a_program_that_ends_without_closing_leaves_no_server(tmp_path: pathlib.Path) -> None:
    write_server(tmp_path, "def answer(request): return {'result': os.getpid()}")
    program = (
        "from microtvm.project_api.client import instantiate_from_dir\n"
        f"client = instantiate_from_dir({str(tmp_path)!r})\n"
        "print(client._call('build', {}))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stderr == ""
    assert wait_until_gone(int(ran.stdout))


def test_a_template_is_no_project_and_the_other_way_round(
    built: pathlib.Path, repository: pathlib.Path
) -> None:
    template = repository / "templates" / "host"
    with pytest.raises(TemplateProjectError, match="is a template, not a generated project"):
        GeneratedProject.from_directory(template)
    with pytest.raises(NotATemplateProjectError, match="is a generated project, not a template"):
        TemplateProject.from_directory(built)


def test_every_listed_option_is_sent(tmp_path: pathlib.Path, archive: pathlib.Path) -> None:
    # Servers written for TVM 0.12 and later read options they list without looking whether they
    # are there. One of TVM 0.8 lists no defaults and must not be sent any.
    answer = """
        OPTIONS = [
            {"name": "board", "choices": ["a", "b"], "default": None, "type": "str",
             "required": ["generate_project"], "optional": None, "help": ""},
            {"name": "number", "choices": None, "default": 3, "type": "int",
             "required": None, "optional": ["build"], "help": ""},
            {"name": "fast", "choices": None, "default": False, "type": "bool",
             "required": None, "optional": ["build"], "help": ""},
            {"name": "old", "choices": None, "help": "as TVM 0.8 lists it"},
        ]
        def answer(request):
            if request["method"] == "server_info_query":
                return {"result": {**INFO, "project_options": OPTIONS}}
            with open("sent.json", "w") as file:
                json.dump(request["params"], file)
            return {"result": None}
    """
    write_server(tmp_path, answer)
    with GeneratedProject.from_directory(tmp_path, {"fast": "yes", "board": "b"}) as project:
        project.build()
    sent = json.loads((tmp_path / "sent.json").read_text())
    assert sent == {"options": {"board": "b", "number": 3, "fast": True}}


def test_bytes_both_ways(tmp_path: pathlib.Path) -> None:
    answer = """
        def answer(request):
            global data
            if request["method"] == "write_transport":
                data = request["params"]["data"]
                return {"result": None}
            return {"result": {"data": data}}
    """
    write_server(tmp_path, answer)
    with instantiate_from_dir(tmp_path) as client:
        for size in (0, 1, 2, 3, 4, 5, 1000, 1 << 20):
            data = os.urandom(size)
            client.write_transport(data, None)
            assert client.read_transport(size, None) == data
