# SPDX-License-Identifier: Apache-2.0
"""A Project API server in a process, line by line, with a limit on every wait.

`microtvm.project_api.client` trusts its server. This one is for servers that nobody knows: it can
send what is no request at all, it never waits for ever, and it writes down what was said.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from server_kit.api import base85

from ..project_api.client import LAUNCH_SCRIPT, SERVER_FILE

MARK = "MICROTVM_CHECK_SERVER"
"""An environment variable: whatever a server starts has it too, and can be found by its value."""

ANSWER_SEC = 30.0
WORK_SEC = 1800.0
"""For building and flashing."""
END_SEC = 5.0

_SHOWN_CHARACTERS = 300
_WORK = frozenset(("generate_project", "build", "flash"))


class NoAnswer(Exception):
    """The server said nothing in time, or ended, or what it said is no JSON-RPC reply."""


class ReplyError(Exception):
    """A reply was an error where a result was wanted.

    Parameters
    ----------
    method : str
    error : object
        The member ``error`` as it came.
    """

    def __init__(self, method: str, error: Any):
        self.error = error if isinstance(error, dict) else {}
        self.code = self.error.get("code")
        self.message = str(self.error.get("message") or "")
        super().__init__(f"{method} was answered with error {self.code}: {self.sentence}")

    @property
    def sentence(self) -> str:
        """The most readable thing the error says, on one line."""
        data = self.error.get("data")
        detail = data.get("detail") if isinstance(data, dict) else None
        traceback = data.get("traceback") if isinstance(data, dict) else None
        text = f"{self.message}: {detail}" if detail else self.message
        if self.message.startswith("calling method") and isinstance(traceback, str):
            text += f" ({traceback.strip().splitlines()[-1]})"
        return " ".join(text.split())

    @property
    def everything(self) -> str:
        """Message and data, to look for a name in."""
        return json.dumps(self.error, ensure_ascii=False)


def command(directory: pathlib.Path) -> list[str]:
    """Give the command that starts a directory's server, as TVM makes it."""
    launcher = directory / LAUNCH_SCRIPT
    script = str(directory / SERVER_FILE)
    return [str(launcher), script] if launcher.is_file() else [sys.executable, script]


class Server:
    """A running server. As a context manager it is made to end with the block.

    Parameters
    ----------
    directory : path
        Where ``microtvm_api_server.py`` lies.
    mark : str
        The value of `MARK` in its environment.
    log : path
        File for what it prints.
    say : callable
        Told every line of the conversation, with ``->`` or ``<-`` before it.
    note : callable, optional
        Told the method and the seconds of each call that succeeds.
    flags : sequence of str, optional
        Further words of the command line.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        mark: str,
        log: pathlib.Path,
        say: Callable[[str], None],
        note: Callable[[str, float], None] = lambda method, seconds: None,
        flags: Sequence[str] = (),
    ):
        self.mark = mark
        self.limits: dict[str, float] = {}
        """What ``open_transport`` answered: how long a session's parts may take, in seconds."""
        self.log = log
        self._say = say
        self._note = note
        self._received = b""
        self._next_id = 0
        self._open = True
        request_read, self._request_fd = os.pipe()
        self._reply_fd, reply_write = os.pipe()
        fds = ["--read-fd", str(request_read), "--write-fd", str(reply_write)]
        say(f"-- starts the server of {directory}")
        try:
            with log.open("wb") as output:
                self.process = subprocess.Popen(
                    [*command(directory), *fds, *flags],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(request_read, reply_write),
                    cwd=directory,
                    env={**os.environ, MARK: mark},
                    start_new_session=True,
                )
        except OSError:
            os.close(self._request_fd)
            os.close(self._reply_fd)
            raise
        finally:
            os.close(request_read)
            os.close(reply_write)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hang_up(self) -> None:
        """Close both pipes, as the kernel does for a client that is gone."""
        if self._open:
            self._open = False
            os.close(self._request_fd)
            os.close(self._reply_fd)
            self._say("-- hangs up")

    def close(self) -> None:
        """Hang up, and end the server by force if it does not end by itself."""
        self.hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SEC)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(2)
        for line in self.log.read_text("utf-8", "replace").splitlines():
            self._say(f"   {line}")

    def send_line(self, line: bytes) -> None:
        """Send a line as it is.

        Raises
        ------
        NoAnswer
            The server does not take it.
        """
        self._say(f"-> {_shown(line)}")
        rest = memoryview(line + b"\n")
        poller = select.poll()
        poller.register(self._request_fd, select.POLLOUT)
        os.set_blocking(self._request_fd, False)
        end = time.monotonic() + ANSWER_SEC
        while rest:
            try:
                rest = rest[os.write(self._request_fd, rest) :]
            except BlockingIOError:
                poller.poll(max(0.0, end - time.monotonic()) * 1000)
                if time.monotonic() > end:
                    raise NoAnswer(f"the server read no request for {ANSWER_SEC:g} s") from None
            except BrokenPipeError:
                raise NoAnswer(self._how_it_ended()) from None

    def send(self, method: str, **params: Any) -> int:
        """Send a request; give its id."""
        self._next_id += 1
        request = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        self.send_line(json.dumps(request).encode())
        return self._next_id

    def receive_any(self, timeout_sec: float = ANSWER_SEC) -> Any:
        """Wait for the next line and decode it.

        Raises
        ------
        NoAnswer
            None came in time, the server ended, or it is not JSON.
        """
        line = self._receive_line(timeout_sec)
        self._say(f"<- {_shown(line)}")
        try:
            return json.loads(line)
        except ValueError:
            raise NoAnswer(f"the server wrote a line that is not JSON: {_shown(line)}") from None

    def receive(self, request_id: int, timeout_sec: float = ANSWER_SEC) -> dict[str, Any]:
        """Wait for the reply to a request: an object with ``result`` or ``error``."""
        reply = self.receive_any(timeout_sec)
        if not isinstance(reply, dict) or not ("result" in reply or "error" in reply):
            raise NoAnswer(f"the server's reply is no JSON-RPC reply: {_shown(reply)}")
        if reply.get("id") != request_id:
            raise NoAnswer(f"the reply to request {request_id} has the id {reply.get('id')!r}")
        return reply

    def ask(self, method: str, **params: Any) -> ReplyError | None:
        """Call a method; give the error it is answered with, or None for a result."""
        try:
            self.call(method, **params)
        except ReplyError as error:
            return error
        return None

    def call(self, method: str, **params: Any) -> Any:
        """Call a method; give its result.

        Raises
        ------
        ReplyError
            It is answered with an error.
        NoAnswer
        """
        limit = WORK_SEC if method in _WORK else ANSWER_SEC
        begin = time.monotonic()
        reply = self.receive(self.send(method, **params), limit)
        if reply.get("error") is not None:
            raise ReplyError(method, reply["error"])
        self._note(method, time.monotonic() - begin)
        result = reply.get("result")
        if method == "open_transport" and isinstance(result, dict):
            given = result.get("timeouts")
            entries = given.items() if isinstance(given, dict) else ()
            self.limits = {name: v for name, v in entries if isinstance(v, (int, float)) and v > 0}
        return result

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """Call ``read_transport``."""
        reply = self.call("read_transport", n=n, timeout_sec=timeout_sec)
        try:
            return base85.decode(reply["data"])
        except (TypeError, KeyError, ValueError, AttributeError):
            raise NoAnswer(f"read_transport answered {_shown(reply)}") from None

    def write(self, data: bytes, timeout_sec: float | None = ANSWER_SEC) -> None:
        """Call ``write_transport``."""
        self.call("write_transport", data=base85.encode(data), timeout_sec=timeout_sec)

    def _receive_line(self, timeout_sec: float) -> bytes:
        end = time.monotonic() + timeout_sec
        poller = select.poll()
        poller.register(self._reply_fd, select.POLLIN)
        chunks = [self._received]
        while b"\n" not in chunks[-1]:
            if not poller.poll(max(0.0, end - time.monotonic()) * 1000):
                self._received = b"".join(chunks)
                raise NoAnswer(f"the server did not answer within {timeout_sec:g} s")
            chunk = os.read(self._reply_fd, 1 << 16)
            if not chunk:
                raise NoAnswer(self._how_it_ended())
            chunks.append(chunk)
        line, self._received = b"".join(chunks).split(b"\n", 1)
        return line

    def _how_it_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        status = self.process.returncode
        words = self.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
        said = f"; it said: {words[0]}" if words else ""
        how = "closed its pipes" if status is None else f"ended (exit status {status})"
        return f"the server {how}{said}"


def _shown(value: Any) -> str:
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else repr(value)
    if len(text) > _SHOWN_CHARACTERS:
        return f"{text[:_SHOWN_CHARACTERS]}... ({len(text)} characters)"
    return text
