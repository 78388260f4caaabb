# SPDX-License-Identifier: Apache-2.0
"""Commands of the bench: scripts around flashing, and what switches a board's power."""

from __future__ import annotations

import shlex
import subprocess

from hil_tests.bench.dut import SCRIPT_SEC

_SHOWN_CHARACTERS = 400


class ScriptError(Exception):
    """A command of the bench's failed; ``str()`` says which, how, and what it said."""


def run(command: str, what: str, seconds: float = SCRIPT_SEC) -> None:
    """Run a command, without a shell.

    Parameters
    ----------
    command : str
        Words as in a shell.
    what : str
        Which it is, for the error.
    seconds : float
        How long it may take.

    Raises
    ------
    ScriptError
    """
    try:
        words = shlex.split(command)
        if not words:
            raise ScriptError(f"{what} needs a command: {what}:COMMAND")
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ScriptError(f"{what} ({command}) did not end within {seconds:g} s") from None
    except (OSError, ValueError) as error:
        raise ScriptError(f"{what} ({command}) cannot be run: {error}") from None
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").strip()[-_SHOWN_CHARACTERS:]
        raise ScriptError(f"{what} ({command}) ended with exit status {done.returncode}: {said}")
