# SPDX-License-Identifier: Apache-2.0
"""The transport where nothing is to be moved, and where nothing moves."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from .. import processes
from ..clause import RFC, SHIPPED, Fails, NotApplicable, clause, expect
from ..firmware import collect, exchange
from ..wire import NoAnswer, Server
from ..workbench import Workbench

_AT_ONCE_SEC = 2.0
_LIMIT_SEC = 5.0
_PATIENCE_SEC = 1.5
_DEADLINE_SEC = 0.2
_BLOCK = b"\xfe" * (1 << 16)  # means nothing on the wire
_MOST_BLOCKS = 256
# A character that is no digit, and five digits that stand for more than 32 bits.
_NOT_BASE85 = ('ab"de', "~~~~~")


@clause("transport.read_nothing", f"{RFC}: read_transport, n")
def read_nothing(bench: Workbench) -> None:
    """A read of 0 bytes returns 0 bytes at once, whatever its time limit."""
    with exchange(bench) as (server, _):
        for timeout_sec in (0, 1.0, None):
            number = server.send("read_transport", n=0, timeout_sec=timeout_sec)
            reply = _reply(server, number, f"with timeout_sec={timeout_sec!r} it waits")
            result = reply.get("result")
            data = result.get("data") if isinstance(result, dict) else None
            expect(data == "", f"it was answered with {reply!r}", 'answer {"data": ""}')


@clause("transport.write_nothing", f"{RFC}: write_transport, data")
def write_nothing(bench: Workbench) -> None:
    """A write of 0 bytes succeeds."""
    with exchange(bench) as (server, _):
        number = server.send("write_transport", data="", timeout_sec=1.0)
        reply = _reply(server, number, "it waits")
        expect("result" in reply, f"it was answered with {reply!r}", "return: all is written")


@clause("transport.write_pieces", f"{RFC}: write_transport, data")
def write_pieces(bench: Workbench) -> None:
    """What is written in pieces of any length arrives as it was written."""
    with exchange(bench) as (server, (request, reply)):
        rest = request
        for size in (1, 2, 3, 4, 5, len(request)):
            server.write(rest[:size])
            rest = rest[size:]
        got = collect(server, len(reply), _LIMIT_SEC)
        expect(
            got == reply,
            f"{len(got)} bytes came, and not the {len(reply)} that answer the same in one piece",
            "send exactly the bytes that were given, and add nothing where base85 is padded",
        )


@clause("transport.not_base85", f"{SHIPPED}: write_transport, data")
def not_base85(bench: Workbench) -> None:
    """A write whose data is not base85 is refused, and the server goes on."""
    with exchange(bench) as (server, _):
        for data in _NOT_BASE85:
            number = server.send("write_transport", data=data, timeout_sec=1.0)
            reply = _reply(server, number, f"with {data!r} it waits")
            expect(
                "error" in reply,
                f"{data!r} was answered with {reply!r}",
                "refuse it: what would be sent is not what the client meant",
            )
        server.call("server_info_query", tvm_version="")


@clause("transport.odd_count", f"{RFC}: read_transport, n")
def odd_count(bench: Workbench) -> None:
    """A read of a number of bytes that cannot be is refused, and the server goes on."""
    with exchange(bench) as (server, _):
        for n in (-1, 1.5, "4"):
            number = server.send("read_transport", n=n, timeout_sec=0)
            reply = _reply(server, number, f"with n={n!r} it waits")
            timed_out = reply.get("error", {}).get("message") == "IoTimeoutError"
            expect(
                "error" in reply and not timed_out,
                f"n={n!r} was answered with {reply!r}",
                "refuse what is no whole number from 0 up",
            )
        server.call("server_info_query", tvm_version="")


@clause("transport.odd_timeout", f"{RFC}: read_transport, timeout_sec")
def odd_timeout(bench: Workbench) -> None:
    """A time limit that is no number of seconds is refused, and the server goes on."""
    with exchange(bench) as (server, _):
        odd: tuple[Any, ...] = ("soon", [], -1)
        for timeout_sec in odd:
            error = server.ask("read_transport", n=1, timeout_sec=timeout_sec)
            expect(
                error and error.message != "IoTimeoutError",
                f"timeout_sec={timeout_sec!r} was answered with {error or 'a result'}",
                "refuse what is no number from 0 up, and is not null",
            )
        server.call("server_info_query", tvm_version="")


@clause("transport.no_limit", f"{SHIPPED}: read_transport, timeout_sec")
def no_limit(bench: Workbench) -> None:
    """A read whose timeout_sec is null waits for as long as it takes."""
    with exchange(bench) as (server, _):
        number = server.send("read_transport", n=1, timeout_sec=None)
        try:
            reply = server.receive(number, _PATIENCE_SEC)
        except NoAnswer:
            return
        finally:
            server.process.terminate()  # nothing will come that it could answer with
    raise Fails(
        f"where nothing came it was answered within {_PATIENCE_SEC} s: {reply!r}",
        "take null for no limit",
    )


@clause("transport.write_deadline", f"{RFC}: write_transport, timeout_sec")
def write_deadline(bench: Workbench) -> str:
    """A write that the device does not take raises IoTimeoutError when its time is up."""
    with exchange(bench) as (server, _), _stopped_firmware(server):
        for _ in range(_MOST_BLOCKS):
            begin = time.monotonic()
            number = server.send("write_transport", data=_base85(_BLOCK), timeout_sec=_DEADLINE_SEC)
            reply = _reply(server, number, f"with timeout_sec={_DEADLINE_SEC} it waits")
            if "error" in reply:
                message = reply["error"].get("message")
                expect(
                    message == "IoTimeoutError",
                    f"it was answered with {reply!r}",
                    "raise IoTimeoutError",
                )
                return f"{time.monotonic() - begin:.3f} s"
    raise NotApplicable(f"a stopped device takes {_MOST_BLOCKS * len(_BLOCK)} bytes")


def _base85(data: bytes) -> str:
    from server_kit.api import base85

    return base85.encode(data)


def _reply(server: Server, number: int, otherwise: str) -> dict[str, Any]:
    try:
        return server.receive(number, _AT_ONCE_SEC)
    except NoAnswer as error:
        server.process.terminate()
        raise Fails(f"{otherwise} ({error})", "one deadline for each call") from None


@contextlib.contextmanager
def _stopped_firmware(server: Server) -> Iterator[None]:
    """Stop what open_transport started, so that it reads no more."""
    started = [pid for pid in processes.marked(server.mark) if pid != server.process.pid]
    if not started:
        raise NotApplicable("open_transport starts no process that could be stopped")
    try:
        for pid in started:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
