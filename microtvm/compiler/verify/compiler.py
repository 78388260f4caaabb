# SPDX-License-Identifier: Apache-2.0
"""One run of the host's compiler."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Sequence

from ...errors import MicroTVMError


def run_compiler(
    command: Sequence[str], what: str, hint: str, cwd: pathlib.Path | None = None
) -> None:
    """Run it.

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

    Raises
    ------
    MicroTVMError
        It failed; with the first error that it told.
    """
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        first = next((line for line in ran.stderr.splitlines() if "error" in line), ran.stderr)
        raise MicroTVMError(
            f"{command[0]} does not compile {what}: {first}", hint=hint, details=ran.stderr
        )
