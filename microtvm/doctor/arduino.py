# SPDX-License-Identifier: Apache-2.0
"""What the Arduino template needs."""

from __future__ import annotations

import os
import shlex

from .finding import Finding, program, pyserial

USES_BOARDS = True

_INSTALL = "https://arduino.github.io/arduino-cli/latest/installation, or ARDUINO_CLI names it"


def examine() -> list[Finding]:
    """Look for arduino-cli, which brings compilers with its cores, and for PySerial."""
    command = shlex.split(os.environ.get("ARDUINO_CLI") or "arduino-cli")[0]
    return [
        program(command, "compile and upload", _INSTALL),
        pyserial(),
    ]
