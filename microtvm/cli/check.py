# SPDX-License-Identifier: Apache-2.0
"""``microtvm check``: does a template keep the Project API's promises?"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import MicroTVMError
from .arguments import (
    UsageError,
    add_project_options,
    add_standalone_crt_dir,
    project_options,
    template_directory,
)
from .report import Report

if TYPE_CHECKING:
    from ..check.clause import Clause
    from ..check.report import Lines

HELP = "test a template, clause by clause, against the Project API"
EXAMPLES = """
microtvm check host
microtvm check ../their_template --project-option board=nucleo_f746zg project_type=host_driven
microtvm check my_template --only transport --verbose
microtvm check tvm_template --model model.tar --standalone-crt-dir standalone_crt
microtvm check my_template --json > result.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "template",
        metavar="TEMPLATE_DIR",
        nargs="?",
        help="a template by name, or any directory that holds one",
    )
    add_project_options(parser)
    parser.add_argument(
        "--model",
        type=pathlib.Path,
        metavar="ARCHIVE",
        help="archive to generate projects from; default: a tiny one made for the check",
    )
    add_standalone_crt_dir(parser)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CLAUSE",
        help="run this clause, or this group of clauses, alone; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="list the clauses and run none")
    parser.add_argument(
        "--junit", type=pathlib.Path, metavar="FILE", help="write the results as JUnit's XML too"
    )


def run(args: argparse.Namespace, report: Report) -> None:
    """Check, or list what would be checked."""
    from ..check.report import Lines, describe

    clauses = _chosen(args.only)
    stream = sys.stderr if report.json_wanted else sys.stdout
    lines = Lines(stream)
    if args.list:
        if not report.json_wanted:
            for clause in clauses:
                lines.clause(clause)
        report.result({"clauses": [describe(clause) for clause in clauses]}, [])
        return
    if args.template is None:
        raise UsageError("name the TEMPLATE_DIR to check, or --list the clauses")
    _check(args, clauses, lines, report)


def _check(
    args: argparse.Namespace, clauses: Sequence[Clause], lines: Lines, report: Report
) -> None:
    from ..check import runner
    from ..check.report import count, to_json, write_junit
    from ..check.workbench import MissingOptionsError, Workbench
    from ..options import ProjectOptionError

    begin = time.monotonic()
    results = []
    try:
        bench = Workbench(
            template_directory(args.template),
            project_options(args),
            model=args.model,
            standalone_crt_dir=args.standalone_crt_dir,
            say=_say if args.verbose else lambda text: None,
        )
    except (MissingOptionsError, ProjectOptionError) as error:
        hint = getattr(error, "hint", None)
        raise UsageError(f"{error}; {hint}" if hint else str(error)) from error
    with bench, contextlib.closing(lines):
        progress = runner.Progress(clauses, bench)
        for result in runner.run(clauses, bench):
            lines.result(result)
            lines.progress(progress.add(result))
            results.append(result)
    seconds = time.monotonic() - begin
    if args.junit is not None:
        write_junit(args.junit, args.template, results)
    lines.end(results, seconds, _again(args))
    report.result(
        {
            "template": args.template,
            "seconds": round(seconds, 3),
            "totals": count(results),
            "clauses": [to_json(result) for result in results],
        },
        [],
    )
    failing = [result.clause.id for result in results if result.counts]
    if failing:
        raise MicroTVMError(
            f"{len(failing)} of the clauses that are required of {args.template} do not hold:"
            f" {', '.join(failing)}"
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _again(args: argparse.Namespace) -> list[str]:
    """Give the words that repeat this check, for any choice of clauses."""
    words = ["microtvm", "check", args.template]
    for option in args.project_option:
        words += ["--project-option", option]
    for flag, value in (
        ("--options-file", args.options_file),
        ("--model", args.model),
        ("--standalone-crt-dir", args.standalone_crt_dir),
    ):
        words += [flag, str(value)] if value else []
    return words


def _chosen(names: Sequence[str]) -> list[Clause]:
    from ..check.clause import all_clauses

    clauses = all_clauses()
    for name in names:
        if not any(name in (clause.id, clause.group) for clause in clauses):
            groups = ", ".join(dict.fromkeys(clause.group for clause in clauses))
            raise UsageError(
                f"there is no clause and no group {name!r}; the groups are {groups},"
                " and --list lists the clauses"
            )
    return [c for c in clauses if not names or c.id in names or c.group in names]
