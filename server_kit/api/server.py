# SPDX-License-Identifier: Apache-2.0
"""The server's process: its command line, its two pipes, and its end."""

from __future__ import annotations

import os
import sys

from .. import interrupts, log
from ..errors import JSONRPCError
from . import watcher
from .jsonrpc import Dispatcher, error_line
from .lines import LineReader
from .methods import project_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Sequence

    from .handler import ProjectAPIHandler

_USAGE = "usage: microtvm_api_server.py --read-fd FD --write-fd FD [--debug]"


def main(handler: ProjectAPIHandler, arguments: Sequence[str] | None = None) -> NoReturn:
    """Serve the Project API until the client goes, then leave nothing behind.

    Parameters
    ----------
    handler : ProjectAPIHandler
        What the template does.
    arguments : sequence of str, optional
        The command line after the program's name; ``sys.argv`` by default.
    """
    read_fd, write_fd, log.debug_enabled = _parse(sys.argv[1:] if arguments is None else arguments)
    for fd in (read_fd, write_fd):
        os.set_inheritable(fd, False)
    try:
        try:
            interrupts.install()
            watcher.start(read_fd, write_fd)
            serve(LineReader(read_fd), write_fd, Dispatcher(project_api(handler)))
        except BrokenPipeError:
            log.debug("nobody reads the replies any more")
        finally:
            interrupts.disarm()
    except interrupts.Ending:
        log.debug("told to end")
    finally:
        handler.close_transport()
    sys.exit(0)


def serve(requests: LineReader, write_fd: int, dispatcher: Dispatcher) -> None:
    """Answer each line until the input ends."""
    while True:
        try:
            line = requests.read()
            if line is None:
                return
            if log.debug_enabled:
                log.debug(f"request: {line[:200]!r}")
            reply = dispatcher.answer(line)
        except JSONRPCError as error:
            reply = error_line(error)
        if reply is not None:
            if log.debug_enabled:
                log.debug(f"reply: {reply[:200]!r}")
            _write(write_fd, reply)


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _parse(arguments: Sequence[str]) -> tuple[int, int, bool]:
    """Read the command line. ``argparse`` would take a quarter of the time a reply takes."""
    fds = {}
    debug = False
    words = iter(word for argument in arguments for word in argument.split("=", 1))
    for word in words:
        if word in ("-h", "--help"):
            print(_USAGE)
            sys.exit(0)
        elif word == "--debug":
            debug = True
        elif word in ("--read-fd", "--write-fd"):
            fds[word] = _fd(word, next(words, ""))
        else:
            sys.exit(f"{_USAGE}\nerror: unknown argument {word!r}")
    if len(fds) != 2:
        sys.exit(f"{_USAGE}\nerror: both --read-fd and --write-fd are needed")
    return fds["--read-fd"], fds["--write-fd"], debug


def _fd(name: str, given: str) -> int:
    try:
        fd = int(given)
        os.fstat(fd)
    except (ValueError, OverflowError, OSError):
        sys.exit(f"{_USAGE}\nerror: {name} wants an open file descriptor, not {given!r}")
    return fd
