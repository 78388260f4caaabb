# SPDX-License-Identifier: Apache-2.0
"""A Project API server in a process, driven over its pipes with nothing in between."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any

#: The interpreter servers run on; with another one the same tests test that.
PYTHON = os.environ.get("MICROTVM_SERVER_PYTHON", sys.executable)


class ReplyError(Exception):
    """The ``error`` object of a reply."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data")


class PipeDriver:
    """Starts ``microtvm_api_server.py`` of a directory."""

    def __init__(
        self,
        directory: pathlib.Path,
        python: str = PYTHON,
        env: dict[str, str] | None = None,
        cwd: pathlib.Path | None = None,
    ) -> None:
        request_read, self.request_fd = os.pipe()
        self.reply_fd, reply_write = os.pipe()
        arguments = ["--read-fd", str(request_read), "--write-fd", str(reply_write)]
        self.process = subprocess.Popen(
            [python, str(directory / "microtvm_api_server.py"), *arguments],
            pass_fds=(request_read, reply_write),
            cwd=cwd or directory,
            env={**os.environ, **(env or {})},
            stderr=subprocess.PIPE,
        )
        os.close(request_read)
        os.close(reply_write)
        self._next_id = 0
        self._received = b""
        self._open = True

    def __enter__(self) -> PipeDriver:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self.wait()

    def hang_up(self) -> None:
        """Close both pipes, as the kernel does for a client that was killed."""
        if self._open:
            self._open = False
            os.close(self.request_fd)
            os.close(self.reply_fd)

    def wait(self, timeout: float = 20) -> str:
        """Wait for the server's end; what it wrote to standard error."""
        try:
            _, text = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
            raise
        return text.decode()

    def send_raw(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.request_fd, data) :]

    def send(self, method: str, **params: Any) -> int:
        """Send a request; its id."""
        self._next_id += 1
        request = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        self.send_raw(json.dumps(request).encode() + b"\n")
        return self._next_id

    def receive_raw(self) -> Any:
        """The next line of the server, decoded; None at its end."""
        while b"\n" not in self._received:
            chunk = os.read(self.reply_fd, 1 << 16)
            if not chunk:
                return None
            self._received += chunk
        line, self._received = self._received.split(b"\n", 1)
        return json.loads(line)

    def receive(self, request_id: int) -> Any:
        reply = self.receive_raw()
        assert reply is not None, "the server ended"
        assert reply["jsonrpc"] == "2.0"
        assert reply["id"] == request_id
        if "error" in reply:
            raise ReplyError(reply["error"])
        return reply["result"]

    def call(self, method: str, **params: Any) -> Any:
        return self.receive(self.send(method, **params))

    def read(self, n: int, timeout_sec: float | None = 10) -> bytes:
        reply = self.call("read_transport", n=n, timeout_sec=timeout_sec)
        return base64.b85decode(reply["data"])

    def write(self, data: bytes, timeout_sec: float | None = 10) -> None:
        text = base64.b85encode(data).decode()
        assert self.call("write_transport", data=text, timeout_sec=timeout_sec) is None


def processes_below(directory: pathlib.Path) -> list[int]:
    """Processes whose working directory lies in a directory."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                cwd = pathlib.Path(os.readlink(entry / "cwd"))
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and (cwd == directory or directory in cwd.parents):
                found.append(int(entry.name))
    return found


def wait_until(condition: Any, timeout: float = 15) -> bool:
    """Whether a condition came true in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
