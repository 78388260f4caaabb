# SPDX-License-Identifier: Apache-2.0
"""West, Zephyr's tool for everything, in the workspace of a tree."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil

from server_kit import tools
from server_kit.errors import OptionError, ProjectError, ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

BASE_VARIABLE = "ZEPHYR_BASE"
SLOW_SEC = 120.0

tools.INSTALL_HINTS["west"] = "pip install west, then west init and west update (docs/zephyr.md)"


class West:
    """The command.

    Parameters
    ----------
    command : str or None
        The option ``west_cmd``, for example ``python3 -m west``; what PATH has by default.
    zephyr_base : pathlib.Path or None
        The tree to work with; west's own choice by default.
    """

    def __init__(self, command: str | None, zephyr_base: pathlib.Path | None = None) -> None:
        self.arguments = _words(command) if command else [tools.find_tool("west")]
        self._env = {BASE_VARIABLE: str(zephyr_base)} if zephyr_base else {}
        self._cwd = zephyr_base

    def output(self, arguments: Sequence[str]) -> str:
        """What a short command prints."""
        return tools.output(
            [*self.arguments, *arguments], cwd=self._cwd, env=self._env, timeout_sec=SLOW_SEC
        )

    def run(
        self,
        arguments: Sequence[str],
        cwd: pathlib.Path,
        log_file: pathlib.Path,
        timeout_sec: float,
    ) -> list[str]:
        """Run a command that builds or flashes; see :func:`server_kit.tools.run`."""
        return tools.run(
            [*self.arguments, *arguments],
            cwd=cwd,
            log_file=log_file,
            env={**self._env, **_ccache_settings(cwd)},
            timeout_sec=timeout_sec,
        )


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise OptionError(f"option 'west_cmd' was given {command!r}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise OptionError(f"option 'west_cmd' was given {command!r}, which cannot be run")
    return words


def _ccache_settings(directory: pathlib.Path) -> dict[str, str]:
    """Let ccache, where Zephyr finds it, take for one project what it compiled for another."""
    settings = {"CCACHE_BASEDIR": str(directory), "CCACHE_NOHASHDIR": "true"}
    return {name: value for name, value in settings.items() if name not in os.environ}


def find_zephyr_base(given: str | None, west_command: str | None) -> pathlib.Path:
    """The tree to use: the option, ``ZEPHYR_BASE``, or that of the workspace west finds itself in.

    Raises
    ------
    ProjectError :
        When there is none of these.
    """
    named = given or os.environ.get(BASE_VARIABLE)
    if named:
        return pathlib.Path(named).expanduser().absolute()
    west = West(west_command)
    try:
        top, path = (
            west.output(words).strip() for words in (["topdir"], ["config", "zephyr.base"])
        )
    except ToolError as error:
        raise ProjectError(
            "no Zephyr was named: give the option zephyr_base, set ZEPHYR_BASE, or work in a west "
            f"workspace ({error})"
        ) from error
    return pathlib.Path(top, path)
