# SPDX-License-Identifier: Apache-2.0
"""Project options on the client's side: from text, with defaults, remembered beside a project."""

from __future__ import annotations

import difflib
import json
import os
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from server_kit.disk import write_text

from .errors import MicroTVMError

Options: TypeAlias = Mapping[str, Any]
Listed: TypeAlias = Iterable[Mapping[str, Any]]

FILE_NAME = "microtvm-options.json"
"""In a project's directory: the options its owner gave, for the steps that come later."""

# Servers run in their own directory; a path is meant from where it was given.
_NAMES_A_PATH = re.compile(r"_(path|dir|tar|file|base)$")
_TRUE = frozenset(("true", "yes", "on", "1"))
_FALSE = frozenset(("false", "no", "off", "0"))


class ProjectOptionError(MicroTVMError, ValueError):
    """An option is unknown, or its value cannot be of the option's type."""


def check_names(options: Options, listed: Listed) -> None:
    """Refuse options that the server does not list.

    Raises
    ------
    ProjectOptionError
        Names the option, the nearest name and all names.
    """
    names = [str(option["name"]) for option in listed]
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            guess = f" (did you mean {near[0]!r}?)" if near else ""
            raise ProjectOptionError(
                f"there is no project option {name!r}{guess};"
                f" the options are {', '.join(names) or 'none'}"
            )


def convert(options: Options, listed: Listed) -> dict[str, Any]:
    """Give values that are text the type the server lists for their option.

    Paths become absolute: options whose names end as those of paths do, ``extra_files_tar`` say.

    Raises
    ------
    ProjectOptionError
        A text cannot be read as that type.
    """
    types = {option["name"]: option.get("type") for option in listed}
    return {name: _convert(name, value, types.get(name)) for name, value in options.items()}


def _convert(name: str, value: Any, kind: str | None) -> Any:
    if isinstance(value, os.PathLike) or (
        value and isinstance(value, str) and _NAMES_A_PATH.search(name)
    ):
        return str(pathlib.Path(value).expanduser().absolute())
    if not isinstance(value, str):
        return value
    try:
        if kind == "int":
            return int(value, 0)
        if kind == "float":
            return float(value)
    except ValueError:
        raise ProjectOptionError(
            f"project option {name!r} wants {'a whole' if kind == 'int' else 'a'} number"
            f" and was given {value!r}"
        ) from None
    if kind == "bool":
        if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        raise ProjectOptionError(
            f"project option {name!r} wants true or false and was given {value!r}"
        )
    return value


def with_defaults(options: Options, listed: Listed) -> dict[str, Any]:
    """Add the default of every option that was not given.

    Servers written for TVM 0.12 and later count on all of them being sent. A server of TVM 0.8
    lists no defaults.
    """
    defaults = {option["name"]: option["default"] for option in listed if "default" in option}
    return {**defaults, **options}


def remember(project_dir: pathlib.Path, options: Options, listed: Listed) -> None:
    """Keep the options given for a project beside it, for later steps.

    Paths that the project was generated with are left out: its server knows them, and where it has
    been moved to, another may be meant.
    """
    generated = {
        option["name"]
        for option in listed
        if "generate_project" in (*(option.get("required") or ()), *(option.get("optional") or ()))
    }
    kept = {
        name: value
        for name, value in options.items()
        if not (name in generated and _NAMES_A_PATH.search(name))
    }
    text = json.dumps(kept, indent=2, sort_keys=True)
    write_text(project_dir / FILE_NAME, text + "\n")


def remembered(project_dir: pathlib.Path) -> dict[str, Any]:
    """Give the options kept beside a project; none when there are none.

    Raises
    ------
    ProjectOptionError
        The file was damaged.
    """
    path = project_dir / FILE_NAME
    try:
        options = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ProjectOptionError(f"{path} cannot be read: {error}") from error
    if not isinstance(options, dict):
        raise ProjectOptionError(f"{path} holds no object of names and values")
    return options
