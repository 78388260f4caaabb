# SPDX-License-Identifier: Apache-2.0
"""Boards behind serial ports that cost next to nothing, and the template for them."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys

from microtvm.fork import fork
from microtvm.templates import get_microtvm_template_projects

OVERLAY = pathlib.Path(__file__).parent / "serial_host"
_END_SEC = 60


def template(directory: pathlib.Path) -> pathlib.Path:
    """Make the template: a fork of the host's, as its author would."""
    fork(get_microtvm_template_projects("host"), directory, "serial-host")
    server = directory / "microtvm_api_server.py"
    server.rename(directory / "host_server.py")
    shutil.copy(OVERLAY / server.name, server)
    return directory


class SerialBoard:
    """A board, attached from the start; a context that detaches it for good.

    Parameters
    ----------
    port : pathlib.Path
        Where a link to its serial port is made.
    """

    def __init__(self, port: pathlib.Path) -> None:
        self.port = str(port)
        self._process = subprocess.Popen(
            [sys.executable, str(OVERLAY / "attached.py"), self.port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout.readline() == b"ready\n"
        self.line = os.path.realpath(self.port)

    def __enter__(self) -> SerialBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait(_END_SEC)
        self._process.stdout.close()

    def kill(self) -> None:
        """Take it away with all that it is."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_END_SEC)

    def workers(self) -> set[str]:
        """Tell which workers of pytest-xdist have touched it."""
        log = pathlib.Path(f"{self.port}.log").read_text(encoding="utf-8")
        return {line.split()[1] for line in log.splitlines()}

    def strangers(self) -> list[str]:
        """Tell which processes have its port open, but its own."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                links = [os.readlink(one) for one in (process / "fd").iterdir()]
                if self.line in links and os.getsid(int(process.name)) != self._process.pid:
                    found.append((process / "cmdline").read_text())
            except OSError:
                continue  # it has ended
        return found
