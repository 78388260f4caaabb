# SPDX-License-Identifier: Apache-2.0
"""Times measured by a device's clock, in the shape of ``tvm.runtime.module.BenchmarkResult``."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


class BenchmarkResult:
    """Times of one function, in seconds.

    Parameters
    ----------
    results : sequence of float
        The times; each may itself be the mean of several calls.

    Attributes
    ----------
    mean, median, min, max, std : float
        Of ``results``; ``std`` is the population's.
    """

    def __init__(self, results: Sequence[float]):
        self.results = tuple(results)
        self.mean = statistics.fmean(self.results)
        self.median = statistics.median(self.results)
        self.min = min(self.results)
        self.max = max(self.results)
        self.std = statistics.pstdev(self.results)

    def __repr__(self) -> str:
        return (
            f"BenchmarkResult(min={self.min}, mean={self.mean}, median={self.median},"
            f" max={self.max}, std={self.std}, results={self.results})"
        )

    def __str__(self) -> str:
        names = ("mean", "median", "max", "min", "std")
        head = " ".join(f"{name + ' (ms)':^12}" for name in names)
        row = " ".join(f"{getattr(self, name) * 1000:^12.4f}" for name in names)
        return f"Execution time summary:\n{head}\n{row}"
