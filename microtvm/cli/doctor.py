# SPDX-License-Identifier: Apache-2.0
"""``microtvm doctor``: what is missing before a template can build, and what is attached?"""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import MicroTVMError
from .report import Report

HELP = "tell what templates need, what is here and attached, and how to get the rest"
EXAMPLES = """
microtvm doctor
microtvm doctor --template zephyr
microtvm doctor --template host --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--template", metavar="NAME", help="examine for this template; default: for each"
    )


def run(args: argparse.Namespace, report: Report) -> None:
    """Examine; an error when a template cannot build."""
    from ..doctor import examine, known_templates, uses_boards

    names = [args.template] if args.template else known_templates()
    findings = {name: examine(name) for name in names}
    blocked = {
        name: [finding.name for finding in found if finding.blocks]
        for name, found in findings.items()
    }
    lines: list[str] = []
    for name, found in findings.items():
        lines.append(f"template {name} {'cannot build yet' if blocked[name] else 'can build'}")
        lines += [finding.line() for finding in found]
    result: dict[str, Any] = {
        "templates": {
            name: {
                "can_build": not blocked[name],
                "findings": [finding.to_json() for finding in found],
            }
            for name, found in findings.items()
        }
    }
    if any(map(uses_boards, names)):
        result["attached"] = _examine_attached(lines)
    report.result(result, lines)
    failing = [f"{name} ({', '.join(missing)})" for name, missing in blocked.items() if missing]
    if failing:
        raise MicroTVMError(f"what is missing keeps from building: {'; '.join(failing)}")


def _examine_attached(lines: list[str]) -> dict[str, Any]:
    from ..doctor import attached

    found, notes = attached.examine()
    lines.append(attached.HEADING)
    lines += [one.line() for one in found] or ["  none"]
    lines += [f"  note: {note}" for note in notes]
    return {"devices": [one.to_json() for one in found], "notes": notes}
