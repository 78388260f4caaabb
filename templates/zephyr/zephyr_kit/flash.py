# SPDX-License-Identifier: Apache-2.0
"""``west flash``: the board that is meant, the user's own arguments, and tools with moods."""

from __future__ import annotations

import re

from server_kit import log
from server_kit.errors import ToolError

from .runners import choosing_arguments, flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Sequence

    from .chosen_board import ChosenBoard
    from .west import West

LOG_FILE = "flash.log"
ATTEMPTS = 3
# Longer than any runner needs; what takes longer hangs, as OpenOCD does when its probe is stuck.
TIMEOUT_SEC = 240.0

_RECOVER_FLAG = "--recover"
_PROTECTED = re.compile(
    r"readback protection|approtect|must be recovered|access port is protected", re.IGNORECASE
)
_TIMED_OUT = "did not end within"


def flash(
    west: West,
    project_dir: pathlib.Path,
    build_dir: pathlib.Path,
    runner: str,
    board: ChosenBoard,
    given: Sequence[str] = (),
) -> None:
    """Flash a board.

    Parameters
    ----------
    west : West
    project_dir, build_dir : pathlib.Path
    runner : str
        One of those that the build's ``runners.yaml`` names.
    board : ChosenBoard
        What the user said of the board.
    given : sequence of str
        The user's own arguments for the runner; they come last.

    Raises
    ------
    OptionError :
        When those choose a board too, or are none for a runner.
    ToolError :
        When the runner fails, or hangs each time it is tried.
    """
    base = ["flash", f"--build-dir={build_dir}", f"--runner={runner}"]
    known_flags = flags(west.output([*base, "--context", "--skip-rebuild"]))
    arguments = [*base, *choosing_arguments(runner, known_flags, board, given), *given]
    log_file = build_dir / LOG_FILE
    log_file.write_bytes(b"")
    hung = 0
    while True:
        try:
            west.run(arguments, cwd=project_dir, log_file=log_file, timeout_sec=TIMEOUT_SEC)
            return
        except ToolError as error:
            hung += _TIMED_OUT in str(error)
            if _asks_for_recover(log_file, arguments, known_flags):
                log.info("the chip is protected against being read; recovering it erases it")
                arguments.append(_RECOVER_FLAG)
            elif _TIMED_OUT in str(error) and hung < ATTEMPTS:
                log.info(f"{runner} hangs; trying again ({hung + 1} of {ATTEMPTS})")
            else:
                raise


def _asks_for_recover(
    log_file: pathlib.Path, arguments: Sequence[str], known_flags: set[str]
) -> bool:
    said = log_file.read_text(encoding="utf-8", errors="replace")
    return (
        _RECOVER_FLAG not in arguments
        and _RECOVER_FLAG in known_flags
        and _PROTECTED.search(said) is not None
    )
