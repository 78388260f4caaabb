# SPDX-License-Identifier: Apache-2.0
"""Plots as numbers: places from 0 to 1000 along an axis, which inline SVG draws at any width."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence

WIDTH = 1000
HEIGHT = 100
MAX_DOTS = 300
_LAYERS = 3
_LEAST = 1e-9
_GOLDEN = 0.618


@dataclasses.dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    percent: float
    text: str


@dataclasses.dataclass(frozen=True)
class Axis:
    """An axis of logarithms, from one round number to another.

    Parameters
    ----------
    low, high : float
        More than nothing.
    """

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> Axis:
        """Make one that has room for values and a margin."""
        kept = [max(value, _LEAST) for value in values] or [1.0]
        low = max(one for one in _round_numbers(min(kept) / 2, min(kept)) if one <= min(kept))
        high = min(one for one in _round_numbers(max(kept), max(kept) * 3) if one >= max(kept))
        return cls(low, high if high > low else 2 * low)

    def place(self, value: float) -> int:
        """Give the place of a value."""
        share = math.log(max(value, _LEAST) / self.low) / math.log(self.high / self.low)
        return round(WIDTH * min(1.0, max(0.0, share)))

    def ticks(self, shown: Callable[[float], str]) -> list[Tick]:
        """Give marks that do not crowd: powers of ten where there are many, else round numbers."""
        marks = [one for one in _round_numbers(self.low, self.high) if self.low <= one <= self.high]
        if len(marks) > 5:
            tens = [
                one
                for one in marks
                if abs(math.log10(one) % 1) < 1e-6 or abs(math.log10(one) % 1 - 1) < 1e-6
            ]
            marks = tens if len(tens) > 1 else [marks[0], marks[-1]]
        step = -(-len(marks) // 6)
        return [Tick(self.place(one) / WIDTH * 100, shown(one)) for one in marks[::step]]


def _round_numbers(low: float, high: float) -> list[float]:
    """Give 1, 2 and 5 times powers of ten between, and one on either side."""
    first, last = math.floor(math.log10(low)) - 1, math.floor(math.log10(high)) + 1
    marks = [digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5)]
    return [one for one in marks if low / 2.6 <= one <= high * 2.6]


def dots(samples: Sequence[float], axis: Axis) -> list[str]:
    """Give SVG paths of a dot for each sample, scattered in height so that they can be told apart.

    Of many samples a part is drawn, evenly from the least to the most; several paths, so that
    where dots lie on each other it is darker.
    """
    ordered = sorted(samples)
    count = min(len(ordered), MAX_DOTS)
    last = max(1, count - 1)
    drawn = [ordered[one * (len(ordered) - 1) // last] for one in range(count)]
    layers: list[list[str]] = [[] for _ in range(min(_LAYERS, count))]
    for turn, value in enumerate(drawn):
        height = round(HEIGHT * (0.15 + 0.7 * (turn * _GOLDEN % 1)))
        layers[turn % _LAYERS].append(f"M{axis.place(value)} {height}h0")
    return ["".join(layer) for layer in layers]
