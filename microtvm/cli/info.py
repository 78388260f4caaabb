# SPDX-License-Identifier: Apache-2.0
"""``microtvm info``: what a template, a project or an archive is."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

from ..archive import ModelFacts, read_model_facts
from .arguments import refuse_model_file, template_directory
from .facts import footprint, footprint_lines, layer_lines, model_lines, option_lines
from .report import Report

HELP = "describe a template, a project or an archive"
EXAMPLES = """
microtvm info host            the template's options
microtvm info my_project      the project's options and its model
microtvm info model.tar       the archive's model
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "target",
        metavar="DIR",
        help="a template by name or directory, a project's directory, or an archive",
    )


def run(args: argparse.Namespace, report: Report) -> None:
    """Describe what was named."""
    path = pathlib.Path(args.target)
    if path.is_file():
        refuse_model_file(path)
        model = read_model_facts(path)
        report.result(
            {"kind": "archive", "archive": args.target, "model": model.to_json()},
            [*model_lines(model), *layer_lines(model)],
        )
        return
    _describe_directory(args.target, template_directory(args.target), report)


def _describe_directory(name: str, directory: pathlib.Path, report: Report) -> None:
    from .. import options as project_options
    from ..project import TVM_VERSION
    from ..project_api.client import instantiate_from_dir

    with instantiate_from_dir(directory, output=report.server_output) as client:
        server = client.server_info_query(TVM_VERSION)
    kind = "template" if server["is_template"] else "project"
    listed = server.get("project_options") or []
    values: dict[str, Any] = {}
    facts = {"kind": kind, kind: name, "platform": server.get("platform_name"), "options": listed}
    lines = [f"{kind:<12}{name}", f"platform    {server.get('platform_name')}"]
    if kind == "project":
        values = project_options.remembered(directory)
        model = _model(directory, server)
        sizes = footprint(directory)
        facts |= {
            "values": values,
            "model": model.to_json() if model else None,
            "footprint": sizes,
        }
        lines += model_lines(model) if model else []
        if sizes:
            lines += ["as built:", *(f"  {line}" for line in footprint_lines(sizes))]
    lines += ["options (--project-option NAME=VALUE):", *option_lines(listed, values)]
    report.result(facts, lines)


def _model(directory: pathlib.Path, server: dict[str, Any]) -> ModelFacts | None:
    path = server.get("model_library_format_path")
    return read_model_facts(directory / path) if path else None
