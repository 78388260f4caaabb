# SPDX-License-Identifier: Apache-2.0
"""Runs of the host's compiler."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Sequence

from server_kit.disk import why_tool_failed

from ...errors import MicroTVMError


class CompilerRun:
    """The host's compiler at work, in a process of its own.

    Parameters
    ----------
    command : sequence of str
        The compiler first.
    what : str
        What it compiles, as an error calls that.
    hint : str
        What to do when it cannot.
    cwd : pathlib.Path, optional
        Where it puts its objects; the user's directory by default, from which ``CC`` may be named.
    """

    def __init__(
        self, command: Sequence[str], what: str, hint: str, cwd: pathlib.Path | None = None
    ) -> None:
        self._name, self._what, self._hint = command[0], what, hint
        self._process = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def wait(self) -> None:
        """Wait for its end.

        Raises
        ------
        MicroTVMError
            It failed; with the first error that it told.
        """
        _, told = self._process.communicate()
        if self._process.returncode != 0:
            why = why_tool_failed(told, pathlib.Path.cwd())
            if why is not None:
                raise MicroTVMError(f"{self._name} does not compile {self._what}: {why}")
            first = next((line for line in told.splitlines() if "error" in line), told)
            raise MicroTVMError(
                f"{self._name} does not compile {self._what}: {first}",
                hint=self._hint,
                details=told,
            )

    def end(self) -> None:
        """Wait for its end, whatever comes of it: one that is killed leaves its files behind."""
        if self._process.returncode is None:
            self._process.communicate()


def run_compiler(
    command: Sequence[str], what: str, hint: str, cwd: pathlib.Path | None = None
) -> None:
    """Run it and wait for its end; see `CompilerRun`."""
    CompilerRun(command, what, hint, cwd).wait()
