# SPDX-License-Identifier: Apache-2.0
"""What takes most of a check's time: projects that are generated and built."""

from __future__ import annotations

import pathlib
from typing import NamedTuple

_LATEST = 4


class Work(NamedTuple):
    """Calls that take long where a platform's tools do."""

    generations: int = 0
    """Projects generated."""
    builds: int = 0
    """Projects built from nothing."""
    rebuilds: int = 0
    """Builds of what was built before, as it was or with a few files changed."""


class Meter:
    """Counts calls that succeeded, and the seconds they took, by kind."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {kind: [] for kind in Work._fields}
        self._built: set[pathlib.Path] = set()

    def note(self, directory: pathlib.Path, method: str, seconds: float) -> None:
        """Count a call.

        Parameters
        ----------
        directory : path
            The directory whose server was called.
        method : str
        seconds : float
            What the call took.
        """
        if method == "generate_project":
            self._seconds["generations"].append(seconds)
        elif method == "build":
            self._seconds["rebuilds" if directory in self._built else "builds"].append(seconds)
            self._built.add(directory)

    @property
    def has_built(self) -> bool:
        """Whether it is known what a build takes."""
        return bool(self._seconds["builds"])

    @property
    def seconds(self) -> float:
        """What all counted calls took."""
        return sum(map(sum, self._seconds.values()))

    def estimate(self, work: Work) -> float:
        """Give the seconds that such calls will take, if they go on as lately."""
        latest = [seconds[-_LATEST:] for seconds in self._seconds.values()]
        return sum(
            count * sum(seconds) / max(1, len(seconds))
            for count, seconds in zip(work, latest, strict=True)
        )
