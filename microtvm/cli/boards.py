# SPDX-License-Identifier: Apache-2.0
"""``microtvm boards``: what can firmware run on here, and how is it named?"""

from __future__ import annotations

import argparse

from .report import Report

HELP = "list boards, attached, emulated or in places of labgrid, with template and options"
EXAMPLES = """
microtvm boards
microtvm boards --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments: none of its own."""


def run(args: argparse.Namespace, report: Report) -> None:
    """List them."""
    from ..boards import find, labgrid

    here, notes_of_here = find()
    places, notes_of_places = labgrid.find()
    boards, notes = [*places, *here], [*notes_of_here, *notes_of_places]
    lines = [line for board in boards for line in board.lines()]
    lines += [f"note: {note}" for note in notes]
    report.result({"boards": [board.to_json() for board in boards], "notes": notes}, lines)
