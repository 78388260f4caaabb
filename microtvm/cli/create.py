# SPDX-License-Identifier: Apache-2.0
"""``microtvm create``: from an archive and a template to a project."""

from __future__ import annotations

import argparse
import pathlib
import shlex

from .arguments import (
    add_project_options,
    add_standalone_crt_dir,
    add_template,
    project_options,
    refuse_model_file,
    template_directory,
)
from .report import Report

HELP = "generate a project from a template and an archive"
EXAMPLES = """
microtvm create my_project model.tar --template host
microtvm create my_project model.tar --template path/to/template --project-option board=nucleo a=1
microtvm create my_project model.tar --template host --options-file options.yaml
microtvm create my_project tvm_0_18.tar --template host --standalone-crt-dir path/to/standalone_crt

microtvm info host lists a template's options. The options given here are kept with the project.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "project", metavar="PROJECT_DIR", type=pathlib.Path, help="directory to create"
    )
    parser.add_argument(
        "archive",
        metavar="MODEL.tar",
        type=pathlib.Path,
        help="archive from microtvm compile, or from TVM 0.8 to 0.18",
    )
    add_template(parser)
    add_standalone_crt_dir(parser)
    add_project_options(parser)


def run(args: argparse.Namespace, report: Report) -> None:
    """Generate the project."""
    from ..archive import read_model_facts
    from ..project import TemplateProject

    refuse_model_file(args.archive)
    options = project_options(args)
    directory = template_directory(args.template)
    model = read_model_facts(args.archive)
    with (
        report.step("create"),
        TemplateProject.from_directory(directory, output=report.server_output) as template,
    ):
        template.write_project(args.archive, args.project, options, args.standalone_crt_dir)
        platform = template.info().get("platform_name")
    report.result(
        {
            "project": str(args.project),
            "template": args.template,
            "platform": platform,
            "options": options,
            "model": model.to_json(),
        },
        [
            f"{args.project} holds model {model.name} for platform {platform}",
            f"next: microtvm build {shlex.quote(str(args.project))}",
        ],
    )
