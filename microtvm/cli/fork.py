# SPDX-License-Identifier: Apache-2.0
"""``microtvm fork``: a template of one's own."""

from __future__ import annotations

import argparse
import shlex

from ..fork import fork
from .arguments import template_directory
from .report import Report

HELP = "make a free-standing template of your own from one of these"
EXAMPLES = """
microtvm fork host my_template --name myboard
microtvm check my_template
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("source", metavar="SRC", help="a template by name or directory")
    parser.add_argument("target", metavar="DST", help="the new directory; it must not exist")
    parser.add_argument("--name", required=True, help="the new platform's name, e.g. myboard")


def run(args: argparse.Namespace, report: Report) -> None:
    """Fork the template."""
    fork(template_directory(args.source), args.target, args.name)
    report.result(
        {"template": args.target, "platform": args.name},
        [
            f"{args.target} stands alone; {args.target}/README.md says what to edit",
            f"next: microtvm check {shlex.quote(str(args.target))}",
        ],
    )
