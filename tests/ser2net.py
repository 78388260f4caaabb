# SPDX-License-Identifier: Apache-2.0
"""Debian's ser2net on loopback: a serial port behind ``socket://`` and behind ``rfc2217://``."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import time
from typing import Iterator

# A pseudo-terminal has no modem lines, so that ser2net does not answer for them.
WITHOUT_MODEM_LINES = "?ign_set_control"

_LIMIT_SEC = 10.0
_CONFIGURATION = """\
connection: &raw
  accepter: tcp(nodelay),127.0.0.1,{raw}
  connector: serialdev,{port},115200n81,local
connection: &rfc2217
  accepter: telnet(rfc2217),tcp(nodelay),127.0.0.1,{telnet}
  connector: serialdev,{port},115200n81,local
"""


@contextlib.contextmanager
def served(program: str, port: str, directory: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Serve a port; gives both URLs. One at a time may be open."""
    raw, telnet = free_port(), free_port()
    file = directory / f"ser2net.{raw}.yaml"
    file.write_text(_CONFIGURATION.format(port=port, raw=raw, telnet=telnet), encoding="utf-8")
    server = subprocess.Popen(
        [program, "-n", "-d", "-c", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(raw, server)
        _await(telnet, server)
        yield (
            f"socket://127.0.0.1:{raw}",
            f"rfc2217://127.0.0.1:{telnet}{WITHOUT_MODEM_LINES}",
        )
    finally:
        server.terminate()
        server.wait(_LIMIT_SEC)


def free_port() -> int:
    """Give a TCP port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number


def _await(number: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until it listens, without a connection, which would open the port."""
    wanted = f"0100007F:{number:04X}"
    end = time.monotonic() + _LIMIT_SEC
    while wanted not in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii"):
        assert server.poll() is None, "ser2net has ended"
        assert time.monotonic() < end, "ser2net does not listen"
        time.sleep(0.02)
