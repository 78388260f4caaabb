# SPDX-License-Identifier: Apache-2.0
"""A real project on the host template, built once for all tests of the client."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import TypeAlias

import pytest

from microtvm import GeneratedProject, TemplateProject, get_microtvm_template_projects
from tests.templates import tiny_model

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """An archive whose model is y = 2 x + 1 over four floats."""
    return tiny_model.write_archive(tmp_path_factory.mktemp("archive") / "model.tar")


@pytest.fixture(scope="session")
def built(
    archive: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
    require: Callable[..., str],
) -> pathlib.Path:
    """The directory of a project with its firmware."""
    for tool in ("cc", "cmake", "ninja"):
        require(tool, "build the host template's firmware")
    directory = tmp_path_factory.mktemp("project") / "project"
    with TemplateProject.from_directory(get_microtvm_template_projects("host")) as template:
        template.write_project(archive, directory)
    with GeneratedProject.from_directory(directory) as project:
        project.build()
    return directory


@pytest.fixture
def project(built: pathlib.Path) -> GeneratedProject:
    """The project's server, started for one test."""
    with GeneratedProject.from_directory(built) as started:
        yield started


@pytest.fixture
def command(tmp_path: pathlib.Path) -> Command:
    """Run ``microtvm`` in a directory of its own."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line(*words),
            cwd=tmp_path,
            env=command_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def command_line(*words: object) -> list[str]:
    """The words that run ``microtvm`` with this interpreter."""
    return [sys.executable, "-m", "microtvm", *map(str, words)]


def command_environment() -> dict[str, str]:
    """An environment in which this checkout's package is found from any directory."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}
