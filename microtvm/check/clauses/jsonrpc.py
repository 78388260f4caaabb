# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC 2.0, which the RFC chose and says no more about."""

from __future__ import annotations

import json
from typing import Any

from ...project import TVM_VERSION
from .. import processes
from ..clause import JSON_RPC, Fails, Level, clause, expect
from ..wire import NoAnswer, Server
from ..workbench import Workbench, tree

_LONG_LINE_BYTES = 64 << 20


@clause("jsonrpc.parse_error", f"{JSON_RPC}: 5.1 Error object")
def parse_error(bench: Workbench) -> None:
    """A line that is not JSON is answered with -32700 and id null, and the next one is served."""
    with bench.start() as server:
        for line in (b'{"jsonrpc": "2.0", "method": ', b"\xff\xfe\x00", b"[1, 2"):
            _expect_error(server, line, -32700, None)
        _expect_served(server)


@clause("jsonrpc.invalid_request", f"{JSON_RPC}: 5.1 Error object")
def invalid_request(bench: Workbench) -> None:
    """JSON that is no request is answered with -32600, and the next one is served."""
    with bench.start() as server:
        requests: tuple[Any, ...] = (
            7,
            {"method": "server_info_query", "params": {"tvm_version": ""}, "id": None},
            {"jsonrpc": "2.0", "method": 1, "params": {}, "id": None},
            {"jsonrpc": "2.0", "method": "build", "params": "options", "id": None},
            {"jsonrpc": "2.0", "method": "server_info_query", "params": {}, "id": ["a"]},
        )
        for request in requests:
            _expect_error(server, json.dumps(request).encode(), -32600, None)
        _expect_served(server)


@clause("jsonrpc.unknown_method", f"{JSON_RPC}: 5.1 Error object")
def unknown_method(bench: Workbench) -> None:
    """A method that does not exist is answered with -32601."""
    with bench.start() as server:
        for method in ("make_coffee", "__init__"):
            request: Any = {"jsonrpc": "2.0", "method": method, "params": {}, "id": 5}
            _expect_error(server, json.dumps(request).encode(), -32601, 5)
        _expect_served(server)


@clause("jsonrpc.invalid_params", f"{JSON_RPC}: 5.1 Error object")
def invalid_params(bench: Workbench) -> None:
    """A parameter that is missing or not known is answered with -32602."""
    with bench.start() as server:
        calls: tuple[tuple[str, Any], ...] = (
            ("read_transport", {"timeout_sec": 1}),
            ("server_info_query", {"tvm_version": TVM_VERSION, "colour": "blue"}),
        )
        for method, params in calls:
            request = {"jsonrpc": "2.0", "method": method, "params": params, "id": 6}
            _expect_error(server, json.dumps(request).encode(), -32602, 6)
        _expect_served(server)


@clause("jsonrpc.wrong_types", f"{JSON_RPC}: 5.1 Error object", level=Level.RECOMMENDED)
def wrong_types(bench: Workbench) -> None:
    """A parameter that is of another type than the method takes is refused."""
    room = bench.place("wrong-types")
    good = bench.parameters(room / "project")
    with bench.start() as server:
        for name, value in (
            ("project_dir", 5),
            ("project_dir", ""),
            ("model_library_format_path", ["model.tar"]),
            ("options", "verbose"),
        ):
            error = server.ask("generate_project", **{**good, name: value})
            expect(
                error and not tree(room),
                f"generate_project took {name}={value!r}",
                "look at parameters before the first is used",
            )
        _expect_served(server)


@clause("jsonrpc.ids", f"{JSON_RPC}: 5 Response object")
def ids(bench: Workbench) -> None:
    """A reply has the id of its request, whatever number or string that is."""
    with bench.start() as server:
        for request_id in (0, -3, 1 << 53, "a", "\N{SNOWMAN} \"'", ""):
            server.send_line(json.dumps(_query(request_id)).encode())
            reply = _object(server.receive_any())
            got = reply.get("id")
            expect(
                got == request_id and type(got) is type(request_id),
                f"the request {request_id!r} was answered as {got!r}",
                "copy the id from the request, in error replies too",
            )


@clause("jsonrpc.notification", f"{JSON_RPC}: 4.1 Notification")
def notification(bench: Workbench) -> None:
    """A request without an id is not answered."""
    with bench.start() as server:
        for method in ("server_info_query", "make_coffee"):
            quiet = {"jsonrpc": "2.0", "method": method, "params": {"tvm_version": TVM_VERSION}}
            server.send_line(json.dumps(quiet).encode())
        server.send_line(json.dumps(_query("after")).encode())
        reply = _object(server.receive_any())
        expect(
            reply.get("id") == "after",
            f"a notification was answered with {_short(reply)}",
            "write nothing for a request that has no member id, even where it fails",
        )


@clause("jsonrpc.batch", f"{JSON_RPC}: 6 Batch", level=Level.RECOMMENDED)
def batch(bench: Workbench) -> None:
    """An array of requests is answered with an array of replies."""
    with bench.start() as server:
        requests = [_query("a"), {"jsonrpc": "2.0", "method": "no"}, 3, _query("b")]
        server.send_line(json.dumps(requests).encode())
        replies = server.receive_any()
        got = [reply.get("id") for reply in replies] if isinstance(replies, list) else replies
        expect(
            isinstance(got, list) and sorted(map(str, got)) == ["None", "a", "b"],
            f"a request, a notification, a number and a request were answered with {got!r}"[:200],
            "answer each member, except notifications, and write the replies as one array",
        )
        _expect_error(server, b"[]", -32600, None)
        quiet = {"jsonrpc": "2.0", "method": "server_info_query"}
        server.send_line(json.dumps([quiet, quiet]).encode())
        _expect_served(server)


@clause("jsonrpc.positional", f"{JSON_RPC}: 4.2 Parameter Structures", level=Level.RECOMMENDED)
def positional(bench: Workbench) -> None:
    """Parameters may be given by position, and left out where a method has none."""
    with bench.start() as server:
        request = {**_query("p"), "params": [TVM_VERSION]}
        server.send_line(json.dumps(request).encode())
        reply = _object(server.receive_any())
        expect(
            "result" in reply,
            f"server_info_query with {request['params']} was answered with {reply.get('error')}",
            "match an array with the method's parameters in their order",
        )
        request = {**_query("q"), "params": [TVM_VERSION, "one too many"]}
        _expect_error(server, json.dumps(request).encode(), -32602, "q")
        request = {**request, "method": "read_transport", "params": [1, 0]}
        server.send_line(json.dumps(request).encode())
        error = _object(server.receive_any()).get("error") or {}
        expect(error.get("code") != -32602, f"[1, 0]: {error}"[:200], "in the order of the RFC")
        server.send_line(b'{"jsonrpc": "2.0", "method": "close_transport", "id": "r"}')
        reply = _object(server.receive_any())
        expect("result" in reply, f"without params: {_short(reply)}", "take them for empty")


@clause("jsonrpc.long_line", f"{JSON_RPC}: 5.1 Error object", level=Level.RECOMMENDED)
def long_line(bench: Workbench) -> str:
    """A line of 64 MiB is answered with an error, and not with as much memory."""
    with bench.start() as server:
        _expect_served(server)
        before = processes.peak_bytes(server.process.pid)
        server.send_line(b'"' + b"x" * _LONG_LINE_BYTES + b'"')
        reply = _object(server.receive_any(60))
        expect(reply.get("error"), f"it was answered with {reply}"[:200], "answer -32600")
        _expect_served(server)
        grown = processes.peak_bytes(server.process.pid) - before
        expect(
            grown < _LONG_LINE_BYTES,
            f"the server's memory grew by {grown >> 20} MiB",
            "stop keeping a line when it is longer than any request can be",
        )
    return f"memory grew by {grown >> 20} MiB"


def _query(request_id: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "method": "server_info_query",
        "params": {"tvm_version": TVM_VERSION},
        "id": request_id,
    }


def _object(reply: Any) -> dict[str, Any]:
    return reply if isinstance(reply, dict) else {"not an object": reply}


def _expect_error(server: Server, line: bytes, code: int, request_id: Any) -> None:
    """Send a line and expect one error."""
    shown = line.decode("utf-8", "backslashreplace")
    advice = f"answer with the error code {code}"
    try:
        server.send_line(line)
        reply = _object(server.receive_any())
    except NoAnswer as gone:
        raise Fails(f"{shown}: {gone}", advice) from None
    error = reply.get("error")
    got = error.get("code") if isinstance(error, dict) else None
    expect(got == code, f"{shown} was answered with {_short(reply)}", advice)
    expect(
        reply.get("id") == request_id,
        f"{shown} was answered with the id {reply.get('id')!r}",
        f"answer with the id {json.dumps(request_id)}",
    )


def _short(reply: dict[str, Any]) -> str:
    error = reply.get("error")
    if isinstance(error, dict):
        return f"error {error.get('code')}: {str(error.get('message'))[:100]}"
    return str(reply)[:120]


def _expect_served(server: Server) -> None:
    try:
        server.send_line(json.dumps(_query("next")).encode())
        reply = _object(server.receive_any())
    except NoAnswer as error:
        reply = {"nothing": str(error)}
    expect(
        reply.get("id") == "next" and "result" in reply,
        f"the valid request after it was answered with {_short(reply)}",
        "go on serving after an error; only the end of the input ends a server",
    )
