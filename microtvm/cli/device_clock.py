# SPDX-License-Identifier: Apache-2.0
"""What a device's clock counts, and how the times that it tells are shown."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .facts import project_facts, read_json_object

if TYPE_CHECKING:
    from ..rpc.benchmark import BenchmarkResult

_BUILT = "build/clock.json"  # what only a build knows


class DeviceClock(NamedTuple):
    """The clock of a project's device.

    Parameters
    ----------
    counts_instructions : bool
        Whether it goes on with each instruction of an emulator, whatever that takes on a chip.
    ns_per_instruction : int or None
        By how much, where times are rounded to a timer's ticks; None where the runtime is told
        a nanosecond for each instruction.
    """

    counts_instructions: bool
    ns_per_instruction: int | None

    def facts(self, times: BenchmarkResult | None) -> dict[str, Any]:
        """Give times as `--json` has them: milliseconds, or instructions where those are exact."""
        is_exact = self.counts_instructions and self.ns_per_instruction is None
        counted = [_instructions(one) for one in times.results] if times and is_exact else None
        shown = None if is_exact else times
        return {
            "device_clock": "instructions" if self.counts_instructions else "time",
            "device_ms": shown.mean * 1000 if shown else None,
            "device_ms_min": shown.min * 1000 if shown else None,
            "device_ms_max": shown.max * 1000 if shown else None,
            "device_ms_std": shown.std * 1000 if shown else None,
            "device_instructions": counted,
        }


def read_clock(project: pathlib.Path) -> DeviceClock:
    """Read what our templates write down of a project's clock; other people's tells time."""
    ns = (read_json_object(project / _BUILT) or {}).get("ns_per_instruction")
    if ns is not None:
        return DeviceClock(True, ns)
    return DeviceClock(project_facts(project).get("clock") == "instructions", None)


def device_line(facts: Mapping[str, Any], clock: DeviceClock) -> str:
    """Show what `DeviceClock.facts` gave, as a line."""
    counted = facts["device_instructions"]
    if counted:
        mean, least, most = round(sum(counted) / len(counted)), min(counted), max(counted)
        spread = f", {least:,} to {most:,}" if most > least else ""
        return f"on device   {mean:,} instructions per inference{spread}"
    if facts["device_ms"] is None:
        return "on device   not known"
    low, high = facts["device_ms_min"], facts["device_ms_max"]
    spread = f", {low:.4f} to {high:.4f}" if high > low else ""
    line = f"on device   {facts['device_ms']:.4f} ms per inference{spread}"
    if clock.counts_instructions:
        line += f", as the emulator counts instructions: {clock.ns_per_instruction} ns each"
    return line


def _instructions(seconds: float) -> int:
    """What a clock counted that goes on by a nanosecond with each instruction."""
    return round(seconds * 1e9)
