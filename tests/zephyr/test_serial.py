# SPDX-License-Identifier: Apache-2.0
"""Serial ports: real PySerial over a real pseudo-terminal and a real socket."""

from __future__ import annotations

import os
import pathlib
import pty
import random
import socket
import subprocess
import sys
import threading
import time
import tty
from typing import Any, Callable, Iterator

import pytest

from server_kit.boards.device_lock import DeviceLock
from server_kit.errors import IoTimeoutError, ServerError, TransportClosedError
from server_kit.transports.serial import SerialTransport
from tests import ser2net

BAUDRATE = 115200
KIB_64 = random.Random(1).randbytes(64 * 1024)


class Peer:
    """The board's end of a wire."""

    def __init__(self, url: str, fd: int) -> None:
        self.url = url
        self.fd = fd

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.fd, data) :]

    def receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += os.read(self.fd, size - len(data))
        return data

    def cut(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@pytest.fixture()
def terminal(require_module: Callable[..., Any]) -> Iterator[Peer]:
    require_module("serial", "talk to a serial port")
    board, host = pty.openpty()
    tty.setraw(board)
    peer = Peer(os.ttyname(host), board)
    os.close(host)
    yield peer
    peer.cut()


@pytest.fixture()
def listening(require_module: Callable[..., Any]) -> Iterator[Peer]:
    """A board behind ``socket://``, as ser2net shares one."""
    require_module("serial", "talk to a serial port")
    server = socket.create_server(("127.0.0.1", 0))
    peer = Peer(f"socket://127.0.0.1:{server.getsockname()[1]}", -1)

    def accept() -> None:
        connection, _ = server.accept()
        peer.fd = connection.detach()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield peer
    thread.join(5)
    peer.cut()
    server.close()


@pytest.fixture()
def negotiating(
    terminal: Peer, require: Callable[..., str], tmp_path: pathlib.Path
) -> Iterator[Peer]:
    """A board behind ``rfc2217://``, which has no descriptor."""
    program = require("ser2net", "serve a port by RFC 2217")
    with ser2net.served(program, terminal.url, tmp_path) as (_, url):
        terminal.url = url
        yield terminal


@pytest.fixture(params=["terminal", "listening", "negotiating"])
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.getfixturevalue(request.param)
    return found


@pytest.fixture()
def wire(peer: Peer) -> Iterator[SerialTransport]:
    transport = SerialTransport(peer.url, BAUDRATE)
    transport.open()
    while peer.fd < 0:
        time.sleep(0.01)
    yield transport
    transport.close()


def test_every_byte_both_ways(wire: SerialTransport, peer: Peer) -> None:
    answers: list[bytes] = []
    board = threading.Thread(target=lambda: answers.append(peer.receive(len(KIB_64))))
    board.start()
    wire.write(KIB_64, 10)
    board.join(10)
    assert answers == [KIB_64]
    board = threading.Thread(target=peer.send, args=(KIB_64,))
    board.start()
    assert wire.read(len(KIB_64), 10) == KIB_64
    board.join(10)


def test_a_board_that_answers_while_it_is_written_to(wire: SerialTransport, peer: Peer) -> None:
    def echo() -> None:
        left = len(KIB_64)
        while left:
            data = os.read(peer.fd, 4096)
            peer.send(data)
            left -= len(data)

    board = threading.Thread(target=echo)
    board.start()
    wire.write(KIB_64, 10)
    assert wire.read(len(KIB_64), 10) == KIB_64
    board.join(10)


def test_what_came_too_late_is_kept(wire: SerialTransport, peer: Peer) -> None:
    peer.send(b"ab")
    with pytest.raises(IoTimeoutError, match="2 of 5 bytes"):
        wire.read(5, 0.3)
    peer.send(b"cde")
    assert wire.read(5, 5) == b"abcde"
    with pytest.raises(IoTimeoutError):
        wire.read(1, 0)


def test_a_board_that_hangs(wire: SerialTransport) -> None:
    with pytest.raises(IoTimeoutError, match="bytes not sent yet"):
        wire.write(KIB_64 * 256, 0.5)


def test_a_board_that_is_cut_off(wire: SerialTransport, peer: Peer) -> None:
    peer.send(b"last words")
    assert wire.read(4, 5) == b"last"
    peer.cut()
    with pytest.raises(TransportClosedError):
        wire.read(100, 5)
    with pytest.raises(TransportClosedError):
        for _ in range(10):
            wire.write(KIB_64, None)
    wire.close()
    with pytest.raises(TransportClosedError):
        wire.read(1, 1)


def test_a_port_is_held_by_one(terminal: Peer) -> None:
    first = SerialTransport(terminal.url, BAUDRATE)
    second = SerialTransport(terminal.url, BAUDRATE)
    first.open()
    with pytest.raises(ServerError, match=f"in use by process {os.getpid()}; close its session"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_lock_ends_with_its_process() -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from server_kit.boards.device_lock import DeviceLock as L; L('test board').acquire();"
            "print('held', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    lock = DeviceLock("test board")
    with pytest.raises(ServerError, match=f"the device test board is in use by {'process'} "):
        lock.acquire()
    holder.kill()
    holder.wait()
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()


@pytest.mark.parametrize("port", ["/dev/no-such-port", "socket://127.0.0.1:1", "nonsense://x"])
def test_a_port_that_cannot_be_opened(port: str, require_module: Callable[..., Any]) -> None:
    require_module("serial", "talk to a serial port")
    transport = SerialTransport(port, BAUDRATE)
    with pytest.raises(ServerError, match="cannot be opened at 115200 baud"):
        transport.open()
    with DeviceLock(port):
        pass


def test_a_host_without_its_port(require_module: Callable[..., Any]) -> None:
    require_module("serial", "talk to a serial port")
    for scheme in ("socket", "rfc2217"):
        transport = SerialTransport(f"{scheme}://127.0.0.1", BAUDRATE)
        with pytest.raises(ServerError, match=f"it lacks the TCP port: {scheme}://HOST:PORT"):
            transport.open()


def test_a_port_of_pyserial_s_own(require_module: Callable[..., Any]) -> None:
    """``loop://`` has no file descriptor, like ``rfc2217://``."""
    require_module("serial", "talk to a serial port")
    wire = SerialTransport("loop://", BAUDRATE)
    wire.open()
    wire.write(KIB_64[:2000], 5)
    assert wire.read(2000, 5) == KIB_64[:2000]
    with pytest.raises(IoTimeoutError):
        wire.read(1, 0.1)
    wire.close()
