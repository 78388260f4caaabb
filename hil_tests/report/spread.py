# SPDX-License-Identifier: Apache-2.0
"""How samples are spread."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Spread:
    """Where samples lie, from the least to the most; the quartiles hold the middle half."""

    number: int
    least: float
    lower_quartile: float
    median: float
    upper_quartile: float
    most_but_few: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Measure samples, at least one; `most_but_few` is what 95 of 100 do not exceed."""
        ordered = sorted(samples)
        at = [_quantile(ordered, share) for share in (0, 0.25, 0.5, 0.75, 0.95, 1)]
        return cls(len(ordered), *at)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
