# SPDX-License-Identifier: Apache-2.0
"""A template of one's own, made from one of this package's: real files, and a name of its own."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import tempfile

from server_kit.disk import why_not_written

from .errors import MicroTVMError
from .project_api.client import SERVER_FILE

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PLATFORM_NAME = re.compile(r'(?<=\bplatform_name=)"[^"\n]*"')
_NOT_COPIED = ("__pycache__", "*.pyc", ".git", ".gitignore", "build", "tests")

_README = """\
# {name}

A template for microTVM's Project API, forked from `{source}`. It stands alone: it needs neither
the template it was made from nor an installed `microtvm`.

Work in this order, and look after each step:

{steps}

`microtvm check .` tests every promise of the Project API at any time;
`microtvm check . --only transport --verbose` shows what is said while it tests one group.
"""

# What a template of this package may hold, in the order in which a port goes through it.
_STEPS = (
    (
        "boards.json",
        "name your boards here: the choices of the option `board` where no tool lists boards, and "
        "where TVM 0.18 looks up each one's `model`.",
    ),
    (
        "src/platform.c",
        "the functions of `device_kit/include/device_kit/platform.h`: bytes out, a clock, random "
        "numbers, reset.",
    ),
    ("src/main_host_driven.c", "the loop that hands received bytes to the runtime."),
    ("CMakeLists.txt", "your compiler, your linker script, and what is built from `src/`."),
    (
        SERVER_FILE,
        "`build` starts the tools, `flash` puts the firmware on the board, `open_transport` opens "
        "the way to it.",
    ),
    (
        "src/main_standalone.c",
        "last: a program that runs the model without a host; or drop `standalone` from the choices "
        "of `project_type`.",
    ),
)
_KITS = """\
`server_kit/` and `device_kit/` are copies that you need not edit."""


class ForkError(MicroTVMError):
    """A template cannot be forked."""


def fork(source: os.PathLike[str] | str, target: os.PathLike[str] | str, name: str) -> None:
    """Copy a template so that it stands alone and has a platform name of its own.

    Parameters
    ----------
    source : path
        A template's directory.
    target : path
        The new directory. It must not exist; a fork that fails leaves none.
    name : str
        The platform's name: lower-case letters, digits, ``_`` and ``-``, a letter first.

    Raises
    ------
    ForkError
        The name cannot be one, the target exists or cannot be written, or the source is no
        template of this kind.
    """
    origin, place = pathlib.Path(source).resolve(), pathlib.Path(target).absolute()
    if not _NAME.fullmatch(name):
        raise ForkError(
            f"the name {name!r} cannot be a platform's: allowed are up to 64 lower-case letters,"
            " digits, '_' and '-', a letter first"
        )
    if not (origin / SERVER_FILE).is_file():
        raise ForkError(f"{source} is no template: it holds no {SERVER_FILE}")
    if os.path.lexists(place):
        raise ForkError(f"{target} exists already", hint="name a directory that does not exist")
    if origin in place.resolve().parents:
        raise ForkError(f"{target} lies within the template {source} itself")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as room:
            copy = pathlib.Path(room) / "fork"
            try:
                shutil.copytree(origin, copy, ignore=shutil.ignore_patterns(*_NOT_COPIED))
                _rename_platform(copy / SERVER_FILE, name)
                (copy / "README.md").write_text(_readme(copy, origin.name, name), encoding="utf-8")
                copy.rename(place)
            except OSError as error:  # of a disk that is asked while it is still full
                raise _failed(source, place, error) from error
    except OSError as error:
        raise _failed(source, place, error) from error


def _failed(source: object, place: pathlib.Path, error: OSError) -> ForkError:
    why = why_not_written(error, place.parent) or error
    return ForkError(f"{source} cannot be forked to {place}: {why}")


def _rename_platform(server: pathlib.Path, name: str) -> None:
    text = server.read_text(encoding="utf-8")
    renamed, count = _PLATFORM_NAME.subn(f'"{name}"', text)
    if count != 1:
        raise ForkError(
            f'{server.name} says platform_name="..." {count} times; once is wanted',
            hint="copy the directory with cp -RL and edit the name by hand",
        )
    server.write_text(renamed, encoding="utf-8")


def _readme(copy: pathlib.Path, source: str, name: str) -> str:
    found = [(file, text) for file, text in _STEPS if (copy / file).is_file()]
    steps = [f"{number}. `{file}`: {text}" for number, (file, text) in enumerate(found, 1)]
    return _README.format(name=name, source=source, steps="\n".join([*steps, "", _KITS]))
