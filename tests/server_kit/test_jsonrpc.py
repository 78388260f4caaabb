# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC 2.0 to the letter against a real server, and arbitrary input to its dispatcher."""

from __future__ import annotations

import json
import os
import pathlib
import time
from typing import Any, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_kit import ProjectAPIHandler, ProjectOption, ServerInfo, TransportTimeouts
from server_kit.api.jsonrpc import Dispatcher
from server_kit.api.methods import project_api
from tests.server_kit.pipe_driver import PipeDriver, ReplyError

INFO = {"jsonrpc": "2.0", "id": 1, "method": "server_info_query", "params": {"tvm_version": "0.18"}}


def ask(server: PipeDriver, message: Any) -> Any:
    """Send a message, or raw bytes, and return the reply."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    server.send_raw(data + b"\n")
    return server.receive_raw()


def code_of(reply: Any) -> int:
    assert reply["jsonrpc"] == "2.0"
    assert "result" not in reply
    assert isinstance(reply["error"]["message"], str) and reply["error"]["message"]
    return reply["error"]["code"]


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"",
        b'{"jsonrpc": "2.0", "id": 1',
        b'{"jsonrpc": "2.0", "id": NaN, "method": "build"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5_000_000 + b"}",
    ],
    ids=["word", "empty", "cut", "nan", "utf8", "deep", "digits"],
)
def test_a_line_that_is_not_json_is_answered_and_serving_goes_on(
    server: PipeDriver, line: bytes
) -> None:
    reply = ask(server, line)
    assert code_of(reply) == -32700
    assert reply["id"] is None
    assert ask(server, INFO)["result"]["protocol_version"] == 1


@pytest.mark.parametrize(
    "request_",
    [
        1,
        "build",
        None,
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "build"},
        {"jsonrpc": "2.0", "id": 1, "method": 1},
        {"jsonrpc": "2.0", "id": 1, "method": "build", "params": "bar"},
        {"jsonrpc": "2.0", "id": {}, "method": "build"},
        {"jsonrpc": "2.0", "id": True, "method": "build"},
        [],
    ],
)
def test_json_that_is_no_request(server: PipeDriver, request_: Any) -> None:
    reply = ask(server, request_)
    assert code_of(reply) == -32600
    has_id = isinstance(request_, dict) and request_.get("id") == 1 and request_["id"] is not True
    assert reply["id"] == (1 if has_id else None)


def test_a_line_that_is_too_long(server: PipeDriver) -> None:
    reply = ask(server, b"x" * (64 << 20))
    assert code_of(reply) == -32600
    assert str(64 << 20) in reply["error"]["message"]
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    peak_kib = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kib < 80 << 10
    assert ask(server, INFO)["id"] == 1


@pytest.mark.parametrize("request_id", ["a", "", None, 1.5, -7, 10**30, "\ud800", "ü"])
def test_ids_are_echoed(server: PipeDriver, request_id: Any) -> None:
    reply = ask(server, {**INFO, "id": request_id})
    assert reply["id"] == request_id and type(reply["id"]) is type(request_id)


def test_an_infinite_id_is_refused(server: PipeDriver) -> None:
    line = json.dumps(INFO).replace('"id": 1', '"id": 1e999').encode()
    assert code_of(ask(server, line)) == -32600


@pytest.mark.parametrize("method", ["no_such", "rpc.discover", "__init__", "project_options", ""])
def test_unknown_methods(server: PipeDriver, method: str) -> None:
    assert code_of(ask(server, {**INFO, "method": method})) == -32601


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("server_info_query", {"tvm_version": 1}),
        ("server_info_query", {"tvm_version": "0.18", "more": 1}),
        ("server_info_query", ["0.18", 1]),
        ("read_transport", {"n": 1}),
        ("read_transport", {"n": -1, "timeout_sec": 0}),
        ("read_transport", {"n": True, "timeout_sec": 0}),
        ("read_transport", {"n": 1.5, "timeout_sec": 0}),
        ("read_transport", {"n": 10**12, "timeout_sec": 0}),
        ("read_transport", {"n": 1, "timeout_sec": -1}),
        ("read_transport", {"n": 1, "timeout_sec": "1"}),
        ("write_transport", {"data": 'no"base85', "timeout_sec": 0}),
        ("write_transport", {"data": None, "timeout_sec": 0}),
        ("build", {"options": []}),
        ("generate_project", {"model_library_format_path": "x"}),
        ("generate_project", {"model_library_format_path": "", "project_dir": "y"}),
        ("generate_project", {"model_library_format_path": "a\0b", "project_dir": "y"}),
        ("close_transport", {"options": {}}),
    ],
)
def test_parameters_that_do_not_fit(server: PipeDriver, method: str, params: Any) -> None:
    assert code_of(ask(server, {**INFO, "method": method, "params": params})) == -32602


def test_positional_and_absent_parameters(server: PipeDriver) -> None:
    by_position = ask(server, {**INFO, "params": ["0.18"]})
    absent = ask(server, {key: value for key, value in INFO.items() if key != "params"})
    assert by_position["result"] == absent["result"] == ask(server, INFO)["result"]
    assert ask(server, {**INFO, "method": "open_transport", "params": [{}]})["result"]
    assert ask(server, {**INFO, "method": "write_transport", "params": ["VE", 1]})["result"] is None
    assert (
        ask(server, {**INFO, "method": "read_transport", "params": [1, 5]})["result"]["data"]
        == "VE"
    )


def test_notifications_are_carried_out_and_not_answered(server: PipeDriver) -> None:
    notification = {key: value for key, value in INFO.items() if key != "id"}
    for message in (
        notification,
        {**notification, "method": "no_such"},
        {**notification, "params": {"tvm_version": 1}},
        {**notification, "method": "open_transport", "params": {}},
        [notification, notification],
    ):
        server.send_raw(json.dumps(message).encode() + b"\n")
    assert server.call("write_transport", data="ab", timeout_sec=1) is None


def test_batches(server: PipeDriver) -> None:
    notification = {key: value for key, value in INFO.items() if key != "id"}
    replies = ask(server, [INFO, notification, {**INFO, "id": "b"}, 5, {**INFO, "method": "x"}])
    assert [reply["id"] for reply in replies] == [1, "b", None, 1]
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, None, -32600, -32601]
    assert code_of(ask(server, [1] * 5000)) == -32600


def test_what_the_handler_raises_is_a_server_error(server: PipeDriver, tmp_path: Any) -> None:
    with pytest.raises(ReplyError) as caught:
        server.call(
            "generate_project",
            model_library_format_path=__file__,
            project_dir=str(tmp_path / "project"),
            options={"tool": "fail"},
        )
    assert caught.value.code == -32000
    assert caught.value.message == "generate_project failed: RuntimeError: no luck"
    assert "in generate_project" in caught.value.data["traceback"]
    with pytest.raises(ReplyError, match=r"generate_project failed: No such file.*: .*nowhere"):
        server.call(
            "generate_project",
            model_library_format_path=str(tmp_path / "nowhere"),
            project_dir=str(tmp_path / "project"),
        )


def test_a_result_that_json_cannot_hold_is_a_server_error() -> None:
    class Odd(_Fake):
        def open_transport(self, options):
            return TransportTimeouts(0, float("inf"), 0)

    line = json.dumps({**INFO, "method": "open_transport", "params": {}}).encode()
    reply = json.loads(Dispatcher(project_api(Odd())).answer(line) or b"")
    assert code_of(reply) == -32000 and reply["id"] == 1


def test_errors_that_clients_tell_by_name(server: PipeDriver) -> None:
    with pytest.raises(ReplyError) as caught:
        server.call("server_info_query", tvm_version="0.1.3")
    assert (caught.value.code, caught.value.message) == (-32000, "UnsupportedTVMVersionError")
    assert caught.value.data["detail"] == "TVM 0.1.3 is too old; 0.8 is wanted"
    assert "Traceback" in caught.value.data["traceback"]


def test_requests_in_the_pipe_are_answered_after_the_client_closed_its_end(
    start: Callable[[], PipeDriver],
) -> None:
    server = start()
    for number in range(3):
        server.send_raw(json.dumps({**INFO, "id": number}).encode() + b"\n" * (number < 2))
    os.close(server.request_fd)
    assert [server.receive_raw()["id"] for _ in range(3)] == [0, 1, 2]
    assert server.receive_raw() is None
    server.process.wait(5)
    server.request_fd = os.open(os.devnull, os.O_RDONLY)  # for hang_up
    assert server.process.returncode == 0


class _Fake(ProjectAPIHandler):
    """A handler that does nothing, so that input of any shape can be tried quickly."""

    project_options = [ProjectOption("a", help="A.", type="int", optional=["build"])]

    def server_info_query(self, tvm_version):
        return ServerInfo("fake", True, None, self.project_options)

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        pass

    def build(self, options):
        pass

    def flash(self, options):
        pass

    def open_transport(self, options):
        return TransportTimeouts(0, 0, 0)

    def close_transport(self):
        pass

    def read_transport(self, n, timeout_sec):
        return bytes(min(n, 100))

    def write_transport(self, data, timeout_sec):
        pass


DISPATCHER = Dispatcher(project_api(_Fake()))
FUZZ_SECONDS = float(os.environ.get("MICROTVM_FUZZ_SECONDS", "0"))

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
_requests = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={
        "id": _json,
        "method": st.sampled_from(sorted(project_api(_Fake()))) | st.text(max_size=8),
        "params": st.dictionaries(
            st.sampled_from(
                ["n", "timeout_sec", "data", "options", "tvm_version", "project_dir"]
                + ["model_library_format_path", "standalone_crt_dir"]
            ),
            _json,
            max_size=4,
        )
        | _json,
    },
)


def _check(line: bytes) -> None:
    reply = DISPATCHER.answer(line)
    if reply is None:
        return
    assert reply.endswith(b"\n") and reply.count(b"\n") == 1
    decoded = json.loads(reply, parse_constant=pytest.fail)
    for one in decoded if isinstance(decoded, list) else [decoded]:
        assert one["jsonrpc"] == "2.0"
        assert ("result" in one) != ("error" in one)


def _for_seconds(seconds: float, run: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    run()
    while time.monotonic() < end:
        run()


def test_fuzz_requests() -> None:
    @settings(max_examples=300, deadline=None, database=None)
    @given(st.one_of(_requests, st.lists(_requests, max_size=3), _json))
    def run(message: Any) -> None:
        _check(json.dumps(message).encode())

    _for_seconds(FUZZ_SECONDS / 2, run)


def test_fuzz_bytes() -> None:
    line = json.dumps(INFO).encode()

    @settings(max_examples=300, deadline=None, database=None)
    @given(
        st.binary(max_size=200),
        st.lists(st.tuples(st.integers(0, len(line) - 1), st.integers(0, 255)), max_size=4),
    )
    def run(data: bytes, changes: list[tuple[int, int]]) -> None:
        _check(data.replace(b"\n", b""))
        changed = bytearray(line)
        for at, value in changes:
            changed[at] = value
        _check(bytes(changed).replace(b"\n", b""))

    _for_seconds(FUZZ_SECONDS / 2, run)
