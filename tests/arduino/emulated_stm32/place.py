# SPDX-License-Identifier: Apache-2.0
"""Where projects for the emulated STM32 are made, one after another."""

from __future__ import annotations

import pathlib
import shutil

_OF_A_PROJECT = ("sketch", "libraries/microtvm", "libraries/cmsis_nn")


class Place:
    """One directory for all projects, so that the core's 240 files are compiled once.

    arduino-cli takes objects of an earlier build where the sketch is at the same path. Those of the
    project before go: files that are copied may be older than they are.

    Attributes
    ----------
    project : pathlib.Path
        Where the next project belongs; the one before it is gone when `clear` was called.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.project = folder / "project"
        self._kept = folder / "kept"

    def clear(self) -> None:
        """Make room for the next project."""
        build = self.project / "build"
        if build.is_dir():
            build.rename(self._kept)
        shutil.rmtree(self.project, ignore_errors=True)

    def warm(self) -> None:
        """Give the project that was generated what is left of the build before."""
        if self._kept.is_dir():
            for name in _OF_A_PROJECT:
                shutil.rmtree(self._kept / name, ignore_errors=True)
            for path in self._kept.glob("firmware.*"):
                path.unlink()
            self._kept.rename(self.project / "build")
