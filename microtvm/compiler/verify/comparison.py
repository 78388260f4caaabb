# SPDX-License-Identifier: Apache-2.0
"""Comparing answers, with a tolerance that comes from the runtime itself.

Runtimes have two sets of kernels, fast ones and plain ones, whose answers differ: on public int8
models by up to 28 quanta at the output, on half of them not at all. No answer can be called wrong
for being as far from one of them as the other is. So the tolerance of an output is the largest
difference between the two on these samples, and besides

- two quanta where it is quantized, or was up to the end: the last operator's rounding, and one from
  before it;
- a thousandth of its range where it is float, three hundredths where the runtime rounds activations
  on the way (weights stored as integers, computed in float), and at least four roundings of its
  element type, which for float16 are four thousandths;
- nothing where it is an integer that counts, or a bool: an index, a label.

Where the two sets of kernels disagree about such a label, either is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..program import TensorInfo
from .runtime import Array

_QUANTA = 2.0
_FLOAT = 1e-3
_APPROXIMATE_FLOAT = 3e-2
_ROUNDINGS = 4


@dataclass(frozen=True)
class OutputCheck:
    """How far an output is from the runtime's.

    Attributes
    ----------
    name : str
    difference, tolerance : float
        The largest over all samples and elements, in ``unit``.
    unit : str
        "quanta", "of the range" or "elements" (of which so many differ).
    """

    name: str
    difference: float
    tolerance: float
    unit: str

    @property
    def is_right(self) -> bool:
        """Whether the difference is within the tolerance; NaN is not."""
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        found, allowed = f"{self.difference:.3g} {self.unit}", f"{self.tolerance:.3g}"
        return f"{self.name} differs by {found} (up to {allowed} allowed)"

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON has it: a difference that is no number is null."""
        finite = np.isfinite(self.difference)
        return {**asdict(self), "difference": self.difference if finite else None}


def compare(
    outputs: Sequence[TensorInfo],
    ours: Sequence[Array],
    references: Sequence[Sequence[Array]],
    scales: Sequence[float | None],
    is_approximate: bool,
) -> tuple[OutputCheck, ...]:
    """Compare all outputs.

    Parameters
    ----------
    outputs : sequence of TensorInfo
    ours : sequence of array
        For each output its samples along a leading axis.
    references : sequence of sequence of array
        The same from each set of the runtime's kernels, the default one first.
    scales : sequence of float or None
        See `ModelRuntime.scales`.
    is_approximate : bool
        See `ModelRuntime`.
    """
    checks = []
    for index, output in enumerate(outputs):
        answers = [reference[index].reshape(ours[index].shape) for reference in references]
        step = scales[index]
        if np.issubdtype(ours[index].dtype, np.floating) and step is not None:
            mine, *others = (np.rint(array / step) for array in (ours[index], *answers))
            check = _compare_quanta(output.name, mine, others)
        elif np.issubdtype(ours[index].dtype, np.floating):
            floor = _APPROXIMATE_FLOAT if is_approximate else _FLOAT
            floor = max(floor, _ROUNDINGS * float(np.finfo(ours[index].dtype).eps))
            check = _compare_floats(output.name, ours[index], answers, floor)
        elif step is None:
            check = _compare_labels(output.name, ours[index], answers)
        else:
            check = _compare_quanta(output.name, ours[index], answers)
        checks.append(check)
    return tuple(checks)


def _largest(a: Array, b: Array) -> float:
    return float(np.abs(a - b).max(initial=0))


def _compare_quanta(name: str, ours: Array, answers: list[Array]) -> OutputCheck:
    wide = [answer.astype(np.int64) for answer in answers]
    spread = float(np.ptp(wide, axis=0).max(initial=0))
    difference = min(_largest(ours.astype(np.int64), answer) for answer in wide)
    return OutputCheck(name, difference, _QUANTA + spread, "quanta")


def _compare_labels(name: str, ours: Array, answers: list[Array]) -> OutputCheck:
    differs = np.all([ours != answer for answer in answers], axis=0)
    return OutputCheck(name, float(differs.sum()), 0.0, "elements")


def _compare_floats(name: str, ours: Array, answers: list[Array], floor: float) -> OutputCheck:
    """Relative to the largest magnitude that the runtime answers; infinities and NaN must agree."""
    wide = [answer.astype(np.float64) for answer in answers]
    finite = np.isfinite(wide).all(axis=0)
    scale = float(np.abs(wide[0][finite]).max(initial=0)) or 1.0
    spread = float(np.ptp([a[finite] for a in wide], axis=0).max(initial=0)) / scale
    mine = ours.astype(np.float64)
    difference = min(_largest(mine[finite], answer[finite]) for answer in wide) / scale
    if not any(np.array_equal(mine[~finite], answer[~finite], equal_nan=True) for answer in wide):
        difference = float("inf")
    return OutputCheck(name, difference, floor + spread, "of the range")
