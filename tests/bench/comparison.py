# SPDX-License-Identifier: Apache-2.0
"""The table of docs/comparison.md, from the figures that are kept of us and of others.

python -m tests.bench.comparison            compare with the page
python -m tests.bench.comparison --write    write it into the page
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "comparison.md"
OURS = HERE / "cortex_m.json"
THEIRS = HERE / "tflm_cmsis_nn.json"
CORES = {"mps2_an385": "M3", "mps2_an386": "M4F", "mps3_an547": "M55"}
_BEGIN, _END = "<!-- made by tests/bench/comparison.py -->\n", "<!-- until here -->\n"


def table() -> str:
    """Give both figures and their ratio, a model a row: instructions by core, flash, RAM."""
    ours, theirs = (json.loads(path.read_text(encoding="utf-8")) for path in (OURS, THEIRS))
    columns = [(f"instructions, {core}", board, "instructions") for board, core in CORES.items()]
    columns += [("flash, M4F", "mps2_an386", "flash"), ("RAM", "mps2_an386", "ram")]
    lines = [
        "| model | " + " | ".join(title for title, _, _ in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for model in theirs:
        cells = [_cell(ours[model], theirs[model], board, what) for _, board, what in columns]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(ours: dict[str, Any], theirs: dict[str, Any], board: str, what: str) -> str:
    mine, other = ours[board][what], theirs[board][what]
    shown = [
        f"{value / 1e6:.3g} M" if what == "instructions" else f"{value:,}"
        for value in (mine, other)
    ]
    return f"{shown[0]} / {shown[1]} = **{mine / other:.2f}**"


def page(text: str) -> str:
    """Give the page's text with today's table in it."""
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + table() + _END + rest.split(_END)[1]


def main() -> None:
    """Compare the page with the figures, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    if args.write:
        PAGE.write_text(page(text), encoding="utf-8")
    elif page(text) != text:
        sys.exit("docs/comparison.md is stale; run: python -m tests.bench.comparison --write")


if __name__ == "__main__":
    main()
