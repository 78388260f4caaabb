# SPDX-License-Identifier: Apache-2.0
"""The host template in a copy of its own, and what a project needs."""

from __future__ import annotations

import pathlib
import shutil
from typing import Callable

import pytest

from tests.server_kit.pipe_driver import PipeDriver
from tests.templates import tiny_model


@pytest.fixture(scope="session")
def host_template(
    repository: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """templates/host, copied with links followed: it works anywhere."""
    target = tmp_path_factory.mktemp("templates") / "a host template"
    shutil.copytree(repository / "templates" / "host", target)
    return target


@pytest.fixture()
def archive(tmp_path: pathlib.Path) -> pathlib.Path:
    """y = 2 x + 1."""
    return tiny_model.write_archive(tmp_path / "tiny.tar")


@pytest.fixture()
def build_tools(require: Callable[..., str]) -> None:
    """CMake, Ninja and a C compiler."""
    for tool in ("cmake", "ninja", "cc"):
        require(tool, "build the host template")


@pytest.fixture()
def generate(
    host_template: pathlib.Path, archive: pathlib.Path, tmp_path: pathlib.Path
) -> Callable[..., pathlib.Path]:
    """``generate(name="project", **options)`` makes a project and returns its directory."""

    def generate_one(name: str = "project", **options: object) -> pathlib.Path:
        with PipeDriver(host_template) as server:
            server.call(
                "generate_project",
                model_library_format_path=str(archive),
                standalone_crt_dir="",
                project_dir=str(tmp_path / name),
                options=options,
            )
        return tmp_path / name

    return generate_one
