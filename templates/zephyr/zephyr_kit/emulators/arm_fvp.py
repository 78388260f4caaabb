# SPDX-License-Identifier: Apache-2.0
"""Boards that Arm's Fixed Virtual Platforms (FVPs) model, their wire on a socket of the model's.

The command is the one of Zephyr's target ``run_armfvp``; only where its console goes is changed. An
FVP connects each UART to a component that listens at TCP port 5000 or the first free one after it,
and prints ``telnetterminal0: Listening for serial connection on port 5000``. In the mode ``raw`` it
passes bytes as they are. Parameters and names after "TelnetTerminal" in Arm's Fast Models Reference
Guide, and after board.cmake of Zephyr's boards.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil

from server_kit.errors import OptionError, ProjectError, ServerError
from server_kit.transports.process_socket import ProcessSocketTransport

from .base import Emulator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from server_kit.transports.base import Transport

    from ..build import ZephyrBuild

_PATH_VARIABLE = "ARMFVP_BIN_PATH"  # Zephyr's
_CACHE_ENTRY = "ARMFVP"  # of Zephyr's cmake/emu/armfvp.cmake
_PARAMETER_FLAGS = ("-C", "--parameter")
# mps3_board.uart0.out_file, fvp_mps2.UART0.out_file, bp.pl011_uart0.out_file
_CONSOLE_FILE = re.compile(r"((?:\w+\.)*)((?:pl011_)?uart)0\.out_file", re.IGNORECASE)


class ArmFvp(Emulator):
    """An FVP as Zephyr starts it.

    Parameters
    ----------
    build : ZephyrBuild
    words : sequence of str
        What Zephyr would start.
    """

    def __init__(self, build: ZephyrBuild, words: Sequence[str]) -> None:
        self._build = build
        self._words = words

    @classmethod
    def of(cls, build: ZephyrBuild) -> ArmFvp | None:
        if _CACHE_ENTRY not in build.cache():
            return None
        words = build.emulator_command("armfvp")
        return cls(build, words) if words else None

    @classmethod
    def required(cls, build: ZephyrBuild) -> ArmFvp:
        """As :meth:`of`, for a project that was generated for an FVP."""
        fvp = cls.of(build)
        if fvp is None:
            raise ProjectError(
                "option 'use_fvp' was given, but Zephyr knows no FVP for this board (no target "
                f"run_armfvp in {build.directory}); generate the project without it"
            )
        return fvp

    def transport(self, options: Mapping[str, Any]) -> Transport:
        self._build.require_in_place()
        if options["gdbserver_port"] is not None:
            raise OptionError(
                "option 'gdbserver_port' is for QEMU; an FVP is debugged through Iris or a plugin "
                "of its own, whose flags ARMFVP_EXTRA_FLAGS takes when the project is built"
            )
        program = self._find(options["arm_fvp_path"])
        command, terminal = fvp_command([str(program), *self._words[1:]])
        announcement = rf"\b{terminal}: Listening for serial connection on port (\d+)"
        return ProcessSocketTransport(command, self._build.directory, re.compile(announcement))

    def _find(self, given: str | None) -> pathlib.Path:
        """The program: where the option or Zephyr's variable says, else where Zephyr found it."""
        name = self._program_name()
        for source, path in (
            ("option 'arm_fvp_path' was given", given),
            (f"{_PATH_VARIABLE} is", os.environ.get(_PATH_VARIABLE)),
        ):
            if path:
                return _program_at(pathlib.Path(path).expanduser(), name, source)
        found = shutil.which(self._words[0]) or shutil.which(name)
        if found is None:
            raise ServerError(
                f"Arm's {name} models this board and is not here; install it from "
                "developer.arm.com (Arm Ecosystem FVPs), then give the option arm_fvp_path, the "
                f"program or its directory, or set {_PATH_VARIABLE} or PATH"
            )
        return pathlib.Path(found)

    def _program_name(self) -> str:
        """What Zephyr looks for, found or not."""
        name = os.path.basename(self._words[0])
        is_there = not name.endswith("-NOTFOUND")
        return name if is_there else self._build.emulator_title("armfvp") or "FVP"


def _program_at(path: pathlib.Path, name: str, source: str) -> pathlib.Path:
    program = path / name if path.is_dir() else path
    if not os.access(str(program), os.X_OK) or program.is_dir():
        raise OptionError(
            f"{source} {str(path)!r}; allowed is Arm's program {name} or the directory that holds "
            f"it, and {program} {'cannot be run' if program.exists() else 'does not exist'}"
        )
    return program.absolute()


def fvp_command(words: Sequence[str]) -> tuple[list[str], str]:
    """An FVP with its first UART on a raw socket, and nothing started there.

    Parameters
    ----------
    words : sequence of str
        What Zephyr would start.

    Returns
    -------
    list of str :
        What to start.
    str :
        The name of the component that prints its port.

    Raises
    ------
    ProjectError :
        When no parameter of Zephyr's names the first UART.
    """
    names = [_parameter(words, i) for i in range(len(words))]
    console = next(filter(None, map(_CONSOLE_FILE.fullmatch, filter(None, names))), None)
    if console is None:
        raise ProjectError(
            "Zephyr's command for this FVP names no UART (a parameter ...uart0.out_file is "
            f"wanted): {' '.join(words)}"
        )
    terminal = "terminal_0" if "pl011" in console.group(2).lower() else "telnetterminal0"
    prefix = f"{console.group(1)}{terminal}"
    settings = {f"{prefix}.mode": "raw", f"{prefix}.start_telnet": "0", f"{prefix}.quiet": "0"}
    # Written to a file too, standard output say, the wire would fill whatever that is.
    replaced = {console.group(0), *settings}
    command = [
        word
        for i, word in enumerate(words)
        if names[i] not in replaced and (i + 1 == len(words) or names[i + 1] not in replaced)
    ]
    for name, value in settings.items():
        command += ["-C", f"{name}={value}"]
    return command, terminal


def _parameter(words: Sequence[str], position: int) -> str | None:
    """The parameter that a word sets, after a word ``-C``."""
    is_setting = position > 0 and words[position - 1] in _PARAMETER_FLAGS
    return words[position].partition("=")[0] if is_setting else None
