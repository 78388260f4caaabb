# SPDX-License-Identifier: Apache-2.0
"""``microtvm doctor``: what is missing before a template can build?"""

from __future__ import annotations

import argparse

from ..errors import MicroTVMError
from .report import Report

HELP = "tell what templates need, what is here and how to get the rest"
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
    from ..doctor import examine, known_templates

    names = [args.template] if args.template else known_templates()
    findings = {name: examine(name) for name in names}
    lines: list[str] = []
    for name, found in findings.items():
        lines += [f"template {name}", *(finding.line() for finding in found)]
    blocked = {
        name: [finding.name for finding in found if finding.blocks]
        for name, found in findings.items()
    }
    report.result(
        {
            "templates": {
                name: {
                    "can_build": not blocked[name],
                    "findings": [finding.to_json() for finding in found],
                }
                for name, found in findings.items()
            }
        },
        lines,
    )
    failing = [f"{name} ({', '.join(missing)})" for name, missing in blocked.items() if missing]
    if failing:
        raise MicroTVMError(f"what is missing keeps from building: {'; '.join(failing)}")
