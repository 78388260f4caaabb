# SPDX-License-Identifier: Apache-2.0
"""What tests measure on a board: the fixture ``record``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_SAMPLES = 2000
"""Of one latency in one phase of a test; of more, every n-th is kept, and how many there were."""


class Record:
    """Figures of a test, under the names that reports and comparisons know them by."""

    def __init__(self) -> None:
        self._figures: dict[str, dict[str, Any]] = {}

    def latency(self, name: str, seconds: float | Iterable[float]) -> None:
        """Add round trips, or whatever else is asked for and waited for.

        Parameters
        ----------
        name : str
            What is waited for: ``session start``, ``round trip``, ``call``.
        seconds : float or iterable of float
            One sample, or several.
        """
        samples = [float(seconds)] if isinstance(seconds, (int, float)) else [*map(float, seconds)]
        self._of("latency").setdefault(name, []).extend(samples)

    def throughput(
        self,
        name: str,
        data_bytes: int,
        seconds: float,
        line_bytes_per_sec: float | None = None,
    ) -> None:
        """Tell how much went over the link, both ways together, and in which time.

        Parameters
        ----------
        name : str
            What was sent: ``echo``.
        data_bytes : int
            Bytes of data, without the wire's framing.
        seconds : float
            How long it took; more than nothing.
        line_bytes_per_sec : float, optional
            What the line carries each way; absent where the link is no serial line.
        """
        self._of("throughput")[name] = {
            "bytes": int(data_bytes),
            "seconds": float(seconds),
            "line_bytes_per_sec": line_bytes_per_sec,
        }

    def sizes(self, name: str, flash_bytes: int, ram_bytes: int) -> None:
        """Tell how much memory a firmware takes.

        Parameters
        ----------
        name : str
            Whose: ``firmware`` is that of the suite's own model.
        flash_bytes, ram_bytes : int
        """
        self._of("sizes")[name] = {"flash_bytes": int(flash_bytes), "ram_bytes": int(ram_bytes)}

    def sections(self, name: str, sections: Mapping[str, int]) -> None:
        """Tell the same by a firmware's sections, as a template's ``footprint.json`` has them.

        Where there is no ``bss``, as arduino-cli has it, ``text`` is all of flash and ``data`` all
        of RAM. Of something else nothing is recorded.
        """
        if not {"text", "data"} <= sections.keys():
            return
        text, data, bss = sections["text"], sections["data"], sections.get("bss")
        if bss is None:
            self.sizes(name, text, data)
        else:
            self.sizes(name, text + data, data + bss)

    def count(self, name: str, number: float, unit: str) -> None:
        """Tell a number of which less is better and that is the same each time.

        Parameters
        ----------
        name : str
            Of what: ``model``.
        number : float
        unit : str
            For example ``instructions``, which an emulator counts.
        """
        self._of("counts")[name] = {"number": number, "unit": unit}

    def take(self) -> dict[str, dict[str, Any]]:
        """Give what was told since the last time."""
        figures, self._figures = self._figures, {}
        for name, samples in figures.get("latency", {}).items():
            step = -(-len(samples) // MAX_SAMPLES)
            kept = samples[:: max(1, step)]
            figures["latency"][name] = {"seconds": kept, "measured": len(samples)}
        return figures

    def _of(self, kind: str) -> dict[str, Any]:
        return self._figures.setdefault(kind, {})


def merge(into: dict[str, dict[str, Any]], more: Mapping[str, Mapping[str, Any]]) -> None:
    """Add figures of a further phase or test; samples of one latency are joined."""
    for kind, figures in more.items():
        known = into.setdefault(kind, {})
        for name, figure in figures.items():
            if kind == "latency" and name in known:
                known[name] = {
                    "seconds": known[name]["seconds"] + figure["seconds"],
                    "measured": known[name]["measured"] + figure["measured"],
                }
            else:
                known[name] = figure
