# SPDX-License-Identifier: Apache-2.0
"""A board behind a URL, as a local port: programmers such as avrdude know local ones only.

The URL is opened when the programmer speaks: whoever serves the port opens it then, which is what
resets an AVR board.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import time
import tty

from server_kit import ServerError, ToolError
from server_kit.transports.serial import SerialTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_CHUNK_BYTES = 4096
_POLL_SEC = 0.002
_WRITE_SEC = 10.0
_OUTPUT_SPEED = 5
_USUAL_BAUDRATE = 115200
_BAUDRATES = {getattr(termios, f"B{rate}"): rate for rate in (9600, 19200, 38400, 57600, 115200)}


@contextlib.contextmanager
def local_port(url: str) -> Iterator[str]:
    """Give the path of a pseudo-terminal that stands for a URL until the context ends.

    Raises
    ------
    ServerError :
        The programmer failed, since the URL cannot be opened or its other end has gone.
    """
    master, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.close(slave)  # the programmer's alone, so that it is seen when it has gone
    over = threading.Event()
    failed: list[ServerError] = []

    def serve() -> None:
        remote = None
        try:
            while not over.is_set():
                remote = _pump(master, url, remote)
        except ServerError as error:
            failed.append(error)
        finally:
            if remote is not None:
                remote.close()
            os.close(master)

    worker = threading.Thread(target=serve, daemon=True)
    worker.start()
    try:
        yield path
    except ToolError as error:
        raise (failed[0] if failed else error) from None
    finally:
        over.set()
        worker.join()


def _pump(master: int, url: str, remote: SerialTransport | None) -> SerialTransport | None:
    """Pass on what is there, once; what is returned is passed to the next call."""
    events = _events(master)
    if events & select.POLLIN:
        data = os.read(master, _CHUNK_BYTES)
        if remote is None:
            speed = termios.tcgetattr(master)[_OUTPUT_SPEED]
            remote = SerialTransport(url, _BAUDRATES.get(speed, _USUAL_BAUDRATE))
            remote.open()
        remote.write(data, _WRITE_SEC)
    elif events & select.POLLHUP and remote is not None:
        remote.close()
        remote = None
    if remote is None:
        time.sleep(_POLL_SEC)
    else:
        os.write(master, remote.read_some(_POLL_SEC))
    return remote


def _events(fd: int) -> int:
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    found = poller.poll(0)
    return found[0][1] if found else 0
