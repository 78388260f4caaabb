# SPDX-License-Identifier: Apache-2.0
"""``microtvm flash``: from firmware to a device that runs it."""

from __future__ import annotations

import argparse
import shlex
import sys

from .arguments import add_project, add_project_options, check_use, project_options
from .facts import project_facts
from .report import Report

HELP = "program a project's firmware onto the device"
EXAMPLES = """
microtvm flash my_project
microtvm flash my_project --project-option serial_number=066BFF343039564157204224
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_project(parser)
    add_project_options(parser)


def run(args: argparse.Namespace, report: Report) -> None:
    """Flash; the template says what it did."""
    from ..project import GeneratedProject

    options = project_options(args)
    with GeneratedProject.from_directory(args.project, options, sys.stderr) as project:
        check_use(args, project, "flash")
        with report.step("flash"):
            project.flash()
    # Forks may have further types; of these three it is known that no RPC server answers.
    kind = project_facts(args.project).get("project_type")
    if kind in ("standalone", "example_project", "mlperftiny"):
        following = f"a project of type {kind} talks on its console, not to microtvm run"
    else:
        name = shlex.quote(str(args.project))
        following = f"next: microtvm run {name} --inputs in.npz --outputs out.npz"
    report.result({"project": str(args.project)}, [following])
