# SPDX-License-Identifier: Apache-2.0
"""West, Zephyr's tool for everything, in the workspace of a tree."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shlex
import shutil

from server_kit import log, tools
from server_kit.api.client_directory import client_directory
from server_kit.errors import OptionError, ProjectError, ToolError

from . import python_packages
from .tree import ZephyrTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Sequence

BASE_VARIABLE = "ZEPHYR_BASE"
SLOW_SEC = 120.0
_OWN_COMMANDS = ("topdir", "config")  # no script of Zephyr's

tools.INSTALL_HINTS["west"] = "pip install west, then west init and west update (docs/zephyr.md)"


class West:
    """The command.

    Parameters
    ----------
    command : str or None
        The option ``west_cmd``, for example ``python3 -m west``; what PATH has by default.
    zephyr_base : pathlib.Path or None
        The tree to work with; west's own choice by default.
    cwd : pathlib.Path or None
        Where it looks for a workspace; in ``zephyr_base`` by default.
    """

    def __init__(
        self,
        command: str | None,
        zephyr_base: pathlib.Path | None = None,
        cwd: pathlib.Path | None = None,
    ) -> None:
        self.arguments = _words(command) if command else [tools.find_tool("west")]
        self._env = {BASE_VARIABLE: str(zephyr_base)} if zephyr_base else {}
        self._base = zephyr_base
        self._cwd = cwd or zephyr_base

    def output(self, arguments: Sequence[str]) -> str:
        """What a short command prints."""
        with self._explained(arguments):
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
        with self._explained(arguments):
            return tools.run(
                [*self.arguments, *arguments],
                cwd=cwd,
                log_file=log_file,
                env={**self._env, **_ccache_settings(cwd)},
                timeout_sec=timeout_sec,
            )

    @contextlib.contextmanager
    def _explained(self, arguments: Sequence[str]) -> Iterator[None]:
        """West says something else when Zephyr's scripts cannot import what they need."""
        try:
            yield
        except ToolError as error:
            if arguments[0] in _OWN_COMMANDS:
                raise
            python = python_packages.python_of(self.arguments)
            missing = python_packages.missing_modules(python, self._base)
            if not missing:
                raise
            command = python_packages.install_command(python, self._base)
            raise ToolError(
                f"Zephyr's scripts want {', '.join(missing)}, which {python} cannot import; "
                f"run: {command} ({error})"
            ) from error


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


def find_zephyr(
    given: str | None, west_command: str | None, stored: str | None = None
) -> tuple[ZephyrTree, West]:
    """The tree to use, and west in its workspace. ``microtvm doctor`` asks here too.

    Parameters
    ----------
    given : str or None
        The option ``zephyr_base`` of the call that is served.
    west_command : str or None
        The option ``west_cmd``.
    stored : str or None
        What the project was generated with, perhaps on another machine: the last to be tried,
        after ``ZEPHYR_BASE`` and the workspace that the client is in.

    Raises
    ------
    ProjectError :
        When there is none of these, it holds no Zephyr that works here, or west finds no workspace
        around it.
    """
    base = find_base(given, west_command, stored)
    if stored and str(base) != stored:
        log.info(f"Zephyr is {base}; the project was generated with {stored}")
    tree = ZephyrTree(base)
    west = West(west_command, base)
    try:
        west.output(["topdir"])
    except ToolError as error:
        raise ProjectError(
            f"west finds no workspace around {base}, and without one it builds nothing: west init "
            f"-l {shlex.quote(str(base))} makes its parent directory one ({error})"
        ) from error
    return tree, west


def find_base(
    given: str | None, west_command: str | None, stored: str | None = None
) -> pathlib.Path:
    """The tree that is meant, whether or not it can be used; see :func:`find_zephyr`."""
    named = given or os.environ.get(BASE_VARIABLE)
    if named:
        return pathlib.Path(named).expanduser().absolute()
    try:
        return _workspace_base(West(west_command, cwd=client_directory()))
    except ToolError as error:
        if stored and pathlib.Path(stored).is_dir():
            return pathlib.Path(stored)
        was = f"; that of the project's generation, {stored}, is not here" if stored else ""
        raise ProjectError(
            "no Zephyr was named: give the option zephyr_base, set ZEPHYR_BASE, or work in a west "
            f"workspace ({error}){was}"
        ) from error


def _workspace_base(west: West) -> pathlib.Path:
    """Zephyr in the workspace that west finds itself in; a fresh one does not say where."""
    top = pathlib.Path(west.output(["topdir"]).strip())
    for key in ("zephyr.base", "manifest.path"):
        with contextlib.suppress(ToolError):
            path = top / west.output(["config", key]).strip()
            if (path / "VERSION").is_file():
                return path
    return top / "zephyr"
