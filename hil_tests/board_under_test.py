# SPDX-License-Identifier: Apache-2.0
"""A board with a firmware of ours: generated, built and flashed once, then asked many times."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator

import microtvm
from microtvm.boards import Board
from microtvm.check import tiny_archive
from microtvm.project import GeneratedProject
from microtvm.templates import template_names


class BoardUnderTest:
    """A board whose firmware is the model y = 2 x + 1 over four floats.

    Parameters
    ----------
    board : Board
        One with a template.
    directory : pathlib.Path
        Where projects are made.
    """

    def __init__(self, board: Board, directory: pathlib.Path):
        self.board = board
        self._directory = directory
        name = board.template or ""
        self.template = pathlib.Path(
            microtvm.get_microtvm_template_projects(name) if name in template_names() else name
        )
        self.project_directory = directory / "project"
        self.project = self.make("project")
        self.project.build()
        self.project.flash()

    def make(self, name: str, **options: str) -> GeneratedProject:
        """Generate a project for the board."""
        archive = tiny_archive.write(self._directory / f"{name}.tar")
        with microtvm.project.TemplateProject.from_directory(self.template) as template:
            listed = {option["name"] for option in template.info()["project_options"]}
            given = {n: v for n, v in self.board.options.items() if n in listed}
            target = self._directory / name
            template.write_project(archive, target, {**given, **options})
        return GeneratedProject.from_directory(target, given)

    @contextlib.contextmanager
    def session(self) -> Iterator[microtvm.Session]:
        """Open a session with the firmware."""
        with microtvm.Session(self.project.transport()) as opened:
            yield opened

    def close(self) -> None:
        """Let go of the board."""
        self.project.close()
