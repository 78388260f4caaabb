# SPDX-License-Identifier: Apache-2.0
"""Arguments that several verbs have."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import MicroTVMError
from ..options import convert, remembered, with_defaults
from ..templates import get_microtvm_template_projects, template_names

if TYPE_CHECKING:
    from ..project import GeneratedProject

MODEL_FILES = (".tflite", ".onnx", ".pt2")
"""What ``microtvm compile`` takes."""

_FLAG = "--project-option"
_ASSIGNMENT = re.compile(r"[A-Za-z_][\w.-]*=")


class UsageError(MicroTVMError):
    """The command line is wrong in a way the parser cannot see."""


def join_option_values(argv: Sequence[str]) -> list[str]:
    """Let ``--project-option a=1 b=2`` stand for two options.

    The parser itself cannot tell where such a list ends: it would take a directory that follows.
    """
    joined: list[str] = []
    in_list = waiting = False
    for word in argv:
        if in_list and _ASSIGNMENT.match(word):
            joined.append(f"{_FLAG}={word}")
            waiting = False
            continue
        if waiting:
            joined.append(_FLAG)
        in_list = waiting = word == _FLAG
        if not in_list:
            joined.append(word)
    return joined + [_FLAG] * waiting


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add the directory of a generated project."""
    parser.add_argument(
        "project", metavar="PROJECT_DIR", type=pathlib.Path, help="directory of the project"
    )


def add_project_options(parser: argparse.ArgumentParser) -> None:
    """Add the two ways to give project options."""
    parser.add_argument(
        _FLAG,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a project option; several may follow, and the flag may be repeated",
    )
    parser.add_argument(
        "--options-file",
        type=pathlib.Path,
        metavar="FILE",
        help="project options as an object in a YAML or JSON file; --project-option wins",
    )


def project_options(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the project options given on the command line and in the file it names.

    Raises
    ------
    UsageError
        An option has no value.
    MicroTVMError
        The file cannot be used.
    """
    options = _read_options_file(args.options_file) if args.options_file else {}
    for text in args.project_option:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{_FLAG} wants NAME=VALUE and was given {text!r}")
        options[name] = value
    return options


def check_use(args: argparse.Namespace, project: GeneratedProject, method: str) -> None:
    """Refuse a change to an option that a method of the Project API takes no notice of.

    An options file may serve several verbs; what it says to others is none of this one's.

    Raises
    ------
    UsageError
        Names the option and the methods that take it.
    """
    listed = project.info().get("project_options") or []
    kept = with_defaults(convert(remembered(args.project), listed), listed)
    given = {text.partition("=")[0] for text in args.project_option}
    for option in listed:
        name = option["name"]
        users = [*(option.get("required") or []), *(option.get("optional") or [])]
        is_ignored = name in given and users and method not in users
        if is_ignored and project.options[name] != kept.get(name):
            raise UsageError(
                f"project option {name!r} changes nothing in {method}; it is used by"
                f" {', '.join(users)}"
            )


def _read_options_file(path: pathlib.Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MicroTVMError(f"the options file {path} cannot be read: {error}") from error
    try:
        if path.suffix == ".json":
            options = json.loads(text)
        else:
            import yaml

            try:
                options = yaml.safe_load(text)
            except yaml.YAMLError as error:
                raise ValueError(" ".join(str(error).split())) from error
    except ValueError as error:
        raise MicroTVMError(f"the options file {path} cannot be read: {error}") from error
    if options is None:
        return {}
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise MicroTVMError(f"the options file {path} holds no object of option names and values")
    return options


def add_template(parser: argparse.ArgumentParser) -> None:
    """Add the template to generate from."""
    names = ", ".join(template_names()) or "none here"
    parser.add_argument(
        "--template",
        default="host",
        metavar="NAME|DIR",
        help=f"a template of this package ({names}) or any directory that holds one; default: host",
    )


def add_standalone_crt_dir(parser: argparse.ArgumentParser) -> None:
    """Add TVM's C runtime, which the archives of TVM 0.8 to 0.18 run on."""
    parser.add_argument(
        "--standalone-crt-dir",
        type=pathlib.Path,
        metavar="DIR",
        help="TVM's C runtime, for archives of TVM 0.8 to 0.18; default: runtime/ in the archive",
    )


def refuse_model_file(archive: pathlib.Path) -> None:
    """Refuse a trained model where its archive is wanted: it has to be compiled first."""
    if archive.suffix in MODEL_FILES:
        raise MicroTVMError(
            f"{archive} is a trained model, not an archive",
            hint=f"compile it first: microtvm compile {archive} -o model.tar",
        )


def check_output(path: pathlib.Path | None) -> None:
    """Refuse a file that cannot be written before the work that it is to hold is done."""
    if path is None:
        return
    if path.is_dir():
        raise MicroTVMError(f"{path} cannot be written: it is a directory; name a file in it")
    if not path.parent.is_dir():
        raise MicroTVMError(f"{path} cannot be written: there is no directory {path.parent}")


def template_directory(given: str) -> pathlib.Path:
    """Find the template of that name, or at that path.

    Raises
    ------
    MicroTVMError
        It is neither.
    """
    if given in template_names():
        return pathlib.Path(get_microtvm_template_projects(given))
    path = pathlib.Path(given)
    if path.is_dir():
        return path
    names = ", ".join(template_names()) or "none"
    kind = "there is no directory" if os.sep in given else "there is no template and no directory"
    raise MicroTVMError(f"{kind} {given!r}; the templates of this package are {names}")
