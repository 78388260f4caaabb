# SPDX-License-Identifier: Apache-2.0
"""A console that is a command's standard streams, as a port: twister's ``serial_pty``."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import tty

_END_SEC = 5.0


class PtyError(Exception):
    """The command cannot be run; ``str()`` says why."""


class PtyPort:
    """A command behind a pseudo-terminal.

    Parameters
    ----------
    command : str
        Its words, between spaces or commas, as twister takes them.
    """

    def __init__(self, command: str):
        self._command = command
        self._words = [word for word in re.split("[, ]", command) if word]
        self._process: subprocess.Popen[bytes] | None = None
        self._slave = -1

    def open(self) -> str:
        """Give the port's path; the command is started if it does not run.

        Raises
        ------
        PtyError
        """
        if self._process is None or self._process.poll() is not None:
            self.close()
            master, self._slave = pty.openpty()
            try:
                tty.setraw(self._slave)
                self._process = subprocess.Popen(
                    self._words, stdin=master, stdout=master, start_new_session=True
                )
            except (OSError, IndexError) as error:
                raise PtyError(f"serial_pty: {self._command} cannot be run: {error}") from None
            finally:
                os.close(master)  # the command's alone, so that the port ends with it
        return os.ttyname(self._slave)

    def close(self) -> None:
        """End the command and all that it started."""
        process, self._process = self._process, None
        if process is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_END_SEC)
                    break
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
