# SPDX-License-Identifier: Apache-2.0
"""A bad template to check, and a project of it that many clauses can share."""

from __future__ import annotations

import pathlib
import shutil
from typing import Callable

import pytest

from microtvm.check.workbench import Workbench
from microtvm.fork import fork
from microtvm.templates import get_microtvm_template_projects

BAD = pathlib.Path(__file__).parent / "bad_template"
OPTIONS = {"flavour": "plain"}


@pytest.fixture(scope="session")
def tools(require: Callable[..., str]) -> None:
    """What the host template builds with."""
    for tool in ("cmake", "ninja", "cc"):
        require(tool, "build what the host template generates")


@pytest.fixture(scope="session")
def bad_template(tmp_path_factory: pytest.TempPathFactory, tools: None) -> pathlib.Path:
    """A fork of the host template with the bad server laid over it."""
    directory = tmp_path_factory.mktemp("bad") / "template"
    fork(get_microtvm_template_projects("host"), directory, "bad")
    (directory / "microtvm_api_server.py").rename(directory / "host_server.py")
    for file in BAD.glob("*.py"):
        shutil.copy(file, directory)
    return directory


@pytest.fixture(scope="session")
def bad_project(
    bad_template: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """A project of it, built while it behaves."""
    place = tmp_path_factory.mktemp("project") / "project"
    with Workbench(bad_template, OPTIONS) as bench:
        shutil.copytree(bench.flashed(), place)
        assert bench.build(place) is None
    return place
