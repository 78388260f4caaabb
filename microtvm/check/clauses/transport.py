# SPDX-License-Identifier: Apache-2.0
"""The transport: opening, closing, exact reads and deadlines."""

from __future__ import annotations

import contextlib
import time

from .. import processes
from ..clause import RFC, SHIPPED, Fails, Level, NotApplicable, clause, expect
from ..firmware import collect, exchange
from ..wire import NoAnswer, ReplyError, Server
from ..work import Work
from ..workbench import Workbench

_SOURCE = f"{RFC}: Timeouts"
_LIMIT_SEC = 5.0
_DEADLINE_SEC = 0.2
_LATEST_SEC = 0.3
_EARLY_SEC = 0.01  # clocks differ a little between poll and monotonic time
_TRIES = 5
_END_SEC = 5.0
_LIMITS = (
    "session_start_retry_timeout_sec",
    "session_start_timeout_sec",
    "session_established_timeout_sec",
)


@clause("transport.timeouts", f"{SHIPPED}: open_transport")
def timeouts(bench: Workbench) -> None:
    """open_transport answers with the three time limits of a session."""
    bench.require_transport()
    with bench.start(bench.flashed()) as server:
        reply = server.call("open_transport", options=bench.all_options)
        limits = reply.get("timeouts") if isinstance(reply, dict) else None
        expect(isinstance(limits, dict), f"it answered {reply!r}", 'answer {"timeouts": {...}}')
        assert isinstance(limits, dict)
        for name in _LIMITS:
            value = limits.get(name)
            expect(
                isinstance(value, (int, float)) and value >= 0,
                f"{name} is {value!r}",
                "give seconds; 0 means no limit",
            )


@clause("transport.open_close_twice", f"{RFC}: connect_transport, disconnect_transport")
def open_close_twice(bench: Workbench) -> None:
    """A transport that was closed can be opened again, and closing leaves no process."""
    bench.require_transport()
    with bench.start(bench.flashed()) as server:
        for _ in range(2):
            server.call("open_transport", options=bench.all_options)
            server.call("close_transport")
        with contextlib.suppress(NotApplicable):
            left = processes.wait_until_gone(server.mark, _END_SEC, keep=server.process.pid)
            expect(not left, f"{len(left)} process is left", "wait for the firmware's end")


@clause("transport.close_unopened", f"{RFC}: disconnect_transport")
def close_unopened(bench: Workbench) -> None:
    """Closing a transport that is not open does nothing."""
    with bench.start(bench.project()) as server:
        for _ in range(2):
            error = server.ask("close_transport")
            expect(error is None, str(error), "return where nothing is open")


@clause("transport.open_twice", f"{SHIPPED}: open_transport")
def open_twice(bench: Workbench) -> str:
    """Opening an open transport works or is refused, and the transport can be used after it."""
    with bench.connected() as server:
        error = server.ask("open_transport", options=bench.all_options)
        expect(
            error is None or error.message != "TransportClosedError",
            str(error),
            "let the open transport be",
        )
        # The session's first bytes; every firmware takes them.
        after = _error_of(lambda: server.write(b"\xfe", _LIMIT_SEC))
        expect(after is None, f"after it, a write: {after}", "let the open transport be")
        with contextlib.suppress(NotApplicable):
            server.call("close_transport")
            left = processes.wait_until_gone(server.mark, _END_SEC, keep=server.process.pid)
            expect(
                not left,
                f"after closing once, {len(left)} process is left",
                "do not start the firmware again while it runs",
            )
    return "refused" if error else "works"


@clause("transport.read_unopened", f"{RFC}: read_transport, Raises")
def read_unopened(bench: Workbench) -> None:
    """Reading from a transport that is not open raises TransportClosedError."""
    with bench.start(bench.project()) as server:
        _expect_error(server, "TransportClosedError", "read_transport", n=1, timeout_sec=1)


@clause("transport.write_unopened", f"{RFC}: write_transport, Raises")
def write_unopened(bench: Workbench) -> None:
    """Writing to a transport that is not open raises TransportClosedError."""
    with bench.start(bench.project()) as server:
        _expect_error(server, "TransportClosedError", "write_transport", data="0a", timeout_sec=1)


@clause(
    "transport.open_unbuilt",
    f"{RFC}: connect_transport",
    level=Level.RECOMMENDED,
    effort=Work(generations=1),
)
def open_unbuilt(bench: Workbench) -> None:
    """Where a transport cannot be opened, that is an error, and it is not open afterwards."""
    bench.require_transport()
    bench.project()
    target = bench.place("unbuilt") / "project"
    error = bench.generate(target)
    expect(error is None, str(error), "see generate.project")
    with bench.start(target) as server:
        for _ in range(2):
            error = server.ask("open_transport", options=bench.all_options)
            if error is None:
                raise NotApplicable("the transport of a project that was not built can be opened")
            _expect_error(server, "TransportClosedError", "read_transport", n=1, timeout_sec=1)
            error = server.ask("close_transport")
            expect(error is None, str(error), "return where nothing is open")


@clause("transport.closed_is_closed", f"{RFC}: disconnect_transport")
def closed_is_closed(bench: Workbench) -> None:
    """A transport that was closed can be neither read nor written."""
    bench.require_transport()
    with bench.start(bench.flashed()) as server:
        server.call("open_transport", options=bench.all_options)
        server.call("close_transport")
        _expect_error(server, "TransportClosedError", "read_transport", n=1, timeout_sec=1)
        _expect_error(server, "TransportClosedError", "write_transport", data="0a", timeout_sec=1)


@clause("transport.exact_read", _SOURCE)
def exact_read(bench: Workbench) -> None:
    """A read returns exactly as many bytes as it was asked for, or none."""
    with exchange(bench) as (server, (request, reply)):
        server.write(request)
        got = b""
        for size in (1, 7, len(reply) - 8):
            data = server.read(size, _LIMIT_SEC)
            expect(
                len(data) == size,
                f"asked for {size} bytes it returned {len(data)}",
                "read on until all are there or the time is up",
            )
            got += data
        expect(got == reply, "the bytes are not those the firmware sent", "keep their order")
        server.write(request)
        data = server.read(len(reply), None)
        expect(
            len(data) == len(reply),
            f"without a time limit, asked for {len(reply)} bytes it returned {len(data)}",
            "wait for all of them when timeout_sec is null",
        )
        server.write(request)
        try:
            data = server.read(len(reply) + 1, 0.5)
        except ReplyError:
            return
        raise Fails(
            f"asked for {len(reply) + 1} bytes when {len(reply)} came, it returned {len(data)}",
            "keep what came for the next read, and raise IoTimeoutError when the time is up",
        )


@clause("transport.deadline", _SOURCE)
def deadline(bench: Workbench) -> str:
    """A read of 0.2 s that gets nothing raises IoTimeoutError after 0.2 to 0.3 s."""
    best = float("inf")
    with exchange(bench) as (server, _):
        for _ in range(_TRIES):
            seconds = _timed_read(server, _DEADLINE_SEC)
            expect(
                seconds >= _DEADLINE_SEC - _EARLY_SEC,
                f"it was answered after {seconds:.3f} s",
                "wait for the whole time",
            )
            best = min(best, seconds)
            if best <= _LATEST_SEC:
                break
    expect(
        best <= _LATEST_SEC,
        f"the quickest of {_TRIES} was answered after {best:.3f} s",
        "compute one deadline for the call and wait for the rest of it each time",
    )
    return f"{best:.3f} s"


@clause("transport.zero_timeout", f"{RFC}: read_transport, timeout_sec")
def zero_timeout(bench: Workbench) -> str:
    """A read of 0 s that gets nothing raises IoTimeoutError at once."""
    with exchange(bench) as (server, _):
        best = min(_timed_read(server, 0) for _ in range(_TRIES))
    expect(best <= 0.1, f"the quickest of {_TRIES} took {best:.3f} s", "do not wait")
    return f"{best * 1000:.1f} ms"


@clause("transport.late_data", _SOURCE)
def late_data(bench: Workbench) -> None:
    """What came before a time-out and what comes after it are both there for the next reads."""
    with exchange(bench) as (server, (request, reply)):
        server.write(request)
        wanted = 2 * len(reply)
        # Half of it comes in time. A server that returns it is found out by another clause.
        got = collect(server, wanted, 0.3)
        server.write(request)
        got += collect(server, wanted - len(got), _LIMIT_SEC)
        expect(
            got == 2 * reply,
            f"of {wanted} bytes, half of them after a time-out, {len(got)} were read"
            + ("" if len(got) < wanted else ", not those that were sent"),
            "keep the bytes of a read that ran out of time, and give them to the next",
        )


def _timed_read(server: Server, timeout_sec: float) -> float:
    """Read where nothing is; give the seconds it took."""
    begin = time.monotonic()
    _expect_error(server, "IoTimeoutError", "read_transport", n=1, timeout_sec=timeout_sec)
    return time.monotonic() - begin


def _expect_error(server: Server, name: str, method: str, **params: object) -> None:
    error = server.ask(method, **params)
    expect(error, f"{method} succeeded", f"raise {name}")
    assert error is not None
    expect(
        error.message == name,
        str(error),
        f"TVM's client knows errors by name: answer with code -32000 and the message {name}",
    )


def _error_of(call: object) -> ReplyError | NoAnswer | None:
    assert callable(call)
    try:
        call()
    except (ReplyError, NoAnswer) as error:
        return error
    return None


@clause("transport.rfc_names", f"{RFC}: Project API interface", level=Level.RECOMMENDED)
def rfc_names(bench: Workbench) -> None:
    """connect_transport and disconnect_transport, the RFC's names, are taken too."""
    bench.require_transport()
    with bench.start(bench.flashed()) as server:
        for method, params in (
            ("connect_transport", {"options": bench.all_options}),
            ("disconnect_transport", {}),
        ):
            error = server.ask(method, **params)
            expect(error is None, str(error), "let both names of a method mean the same")
