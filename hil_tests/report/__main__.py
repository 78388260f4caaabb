# SPDX-License-Identifier: Apache-2.0
"""``python -m hil_tests.report RUN.jsonl -o page.html``: make the page of a recorded run again."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys

from . import comparing, rendering
from .runs import RunError, load


def main(arguments: list[str] | None = None) -> int:
    """Run it; give the exit status: 2 for what cannot be read, 1 for `--compare-fail`."""
    parser = argparse.ArgumentParser("python -m hil_tests.report", description=__doc__)
    parser.add_argument("run", type=pathlib.Path, help="report.jsonl, or the directory it is in")
    parser.add_argument(
        "-o", "--output", type=pathlib.Path, metavar="PAGE", help="the page (beside the run)"
    )
    parser.add_argument(
        "--compare", type=pathlib.Path, metavar="OLD", help="an older run, to say what differs"
    )
    parser.add_argument(
        "--compare-fail", action="store_true", help="exit status 1 when something got worse"
    )
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")
    given = parser.parse_args(arguments)
    if (given.compare_fail or given.json) and given.compare is None:
        parser.error("--compare-fail and --json say something about --compare OLD: add it")
    try:
        run = load(given.run)
        compared = comparing.compare(load(given.compare), run) if given.compare else None
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if compared is not None:
        run.comparison = compared.to_json()
        print(json.dumps(run.comparison) if given.json else "\n".join(compared.lines()))
    beside = given.run if given.run.is_dir() else given.run.parent
    page = given.output or beside / "report.html"
    try:
        rendering.write(run, page)
    except OSError as error:
        print(f"error: the page {page} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    if not given.json:
        print(f"the page is {page}")
    return 1 if given.compare_fail and compared is not None and compared.is_worse else 0


if __name__ == "__main__":
    sys.exit(main())
