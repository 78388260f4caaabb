# SPDX-License-Identifier: Apache-2.0
"""``west flash`` with a board chosen by its serial number, however its runner wants that said."""

from __future__ import annotations

import re

from server_kit import log
from server_kit.errors import ProjectError, ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Sequence

    from .west import West

LOG_FILE = "flash.log"
ATTEMPTS = 3
# Longer than any runner needs; what takes longer hangs, as OpenOCD does when its probe is stuck.
TIMEOUT_SEC = 240.0

# How runners take a serial number: any of them since 2.7 or 3.x, and what they took before. OpenOCD
# never learnt it in some releases, but takes commands.
_SERIAL_FLAGS = ("--dev-id", "--snr", "--board-id", "--serial", "--probe")
_OPENOCD_FLAG = "--cmd-pre-init"
_RECOVER_FLAG = "--recover"
_PROTECTED = re.compile(r"readback protection|approtect|--recover|access port is protected", re.I)
_TIMED_OUT = "did not end within"


def flash(
    west: West,
    project_dir: pathlib.Path,
    build_dir: pathlib.Path,
    runner: str,
    serial_number: str | None,
) -> None:
    """Flash a board.

    Parameters
    ----------
    west : West
    project_dir, build_dir : pathlib.Path
    runner : str
        One of those that the build's ``runners.yaml`` names.
    serial_number : str or None
        The board's, or its probe's; None where one is attached.

    Raises
    ------
    ToolError :
        When the runner fails, or hangs each time it is tried.
    """
    base = ["flash", f"--build-dir={build_dir}", f"--runner={runner}"]
    help_text = west.output([*base, "--context"])
    arguments = [*base, *_serial_arguments(help_text, runner, serial_number)]
    log_file = build_dir / LOG_FILE
    log_file.write_bytes(b"")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            west.run(arguments, cwd=project_dir, log_file=log_file, timeout_sec=TIMEOUT_SEC)
            return
        except ToolError as error:
            if _asks_for_recover(log_file, arguments, help_text):
                log.info("the chip is protected against being read; recovering it erases it")
                arguments.append(_RECOVER_FLAG)
            elif _TIMED_OUT not in str(error) or attempt == ATTEMPTS:
                raise
            else:
                log.info(f"{runner} hangs; trying again ({attempt + 1} of {ATTEMPTS})")


def _serial_arguments(help_text: str, runner: str, serial_number: str | None) -> list[str]:
    if serial_number is None:
        return []
    for flag in _SERIAL_FLAGS:
        if re.search(rf"{flag}\b", help_text):
            return [f"{flag}={serial_number}"]
    if _OPENOCD_FLAG in help_text:
        return [f"{_OPENOCD_FLAG}=adapter serial {serial_number}"]
    raise ProjectError(
        f"the runner {runner} of this Zephyr cannot choose among boards by serial number; attach "
        "one board only, or name another runner"
    )


def _asks_for_recover(log_file: pathlib.Path, arguments: Sequence[str], help_text: str) -> bool:
    said = log_file.read_text(encoding="utf-8", errors="replace")
    return (
        _RECOVER_FLAG not in arguments
        and _RECOVER_FLAG in help_text
        and _PROTECTED.search(said) is not None
    )
