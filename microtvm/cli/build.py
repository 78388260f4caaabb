# SPDX-License-Identifier: Apache-2.0
"""``microtvm build``: from a project to firmware."""

from __future__ import annotations

import argparse
import shlex

from .arguments import add_project, add_project_options, check_use, project_options
from .report import Report

HELP = "build a project's firmware"
EXAMPLES = """
microtvm build my_project
microtvm build my_project --project-option verbose=true
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_project(parser)
    add_project_options(parser)


def run(args: argparse.Namespace, report: Report) -> None:
    """Build."""
    from ..options import convert
    from ..project import GeneratedProject
    from .facts import footprint, footprint_lines

    options = project_options(args)
    # The commands of the build, which the template's option asks for, are no use unseen.
    if convert(options, [{"name": "verbose", "type": "bool"}]).get("verbose"):
        report.verbose = True
    with GeneratedProject.from_directory(args.project, options, report.server_output) as project:
        check_use(args, project, "build")
        with report.step("build"):
            project.build()
    sizes = footprint(args.project)
    report.result(
        {"project": str(args.project), "footprint": sizes},
        [*footprint_lines(sizes), f"next: microtvm flash {shlex.quote(str(args.project))}"],
    )
