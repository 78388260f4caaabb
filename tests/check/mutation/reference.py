# SPDX-License-Identifier: Apache-2.0
"""The unbroken template, and the project that clauses share, built once for all mutants."""

from __future__ import annotations

import pathlib
import shutil

from microtvm.check.clause import NotApplicable
from microtvm.check.workbench import Workbench

MAKING = "making the project"
_PROGRAM = "build/main"


class Reference:
    """Copies of a template and of a project made from it.

    Parameters
    ----------
    original : path
        The template.
    room : path
        An empty directory to keep them in.
    """

    def __init__(self, original: pathlib.Path, room: pathlib.Path):
        self.template = copy(original, room / "template")
        with Workbench(self.template) as bench:
            # Links of the template are files in its copy, and Python's caches are filled.
            self.made = _made(bench, "")
            self.project = copy(bench.flashed(), room / "project")

    def is_made_by(self, bench: Workbench, changed: str) -> bool:
        """Whether a workbench makes the same project, but for the one file that is changed."""
        try:
            made = _made(bench, changed)
        except (NotApplicable, OSError):
            return False
        return made == {name: data for name, data in self.made.items() if name != changed}


def copy(source: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    """Copy a directory, links as files; caches of Python stay valid."""
    return pathlib.Path(shutil.copytree(source, target))


def _made(bench: Workbench, changed: str) -> dict[str, bytes]:
    """What was generated and built: all that clauses which take the project can see of it."""
    program = bench.flashed() / _PROGRAM
    made = {**bench.project_contents(), _PROGRAM: program.read_bytes()}
    made.pop(changed, None)
    return made
