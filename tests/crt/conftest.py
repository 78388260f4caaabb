# SPDX-License-Identifier: Apache-2.0
"""TVM's own files, where they are provided, and projects made with them.

``MICROTVM_TVM_REFERENCE`` names a directory with a folder for each release of TVM, such as
``v0.8.0`` or ``v0.18.0``: in it ``standalone_crt/``, as TVM's build makes it, and ``project_api/``,
TVM's ``python/tvm/micro/project_api``. This project holds no copy of them.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from microtvm import GeneratedProject, Session, TemplateProject, get_microtvm_template_projects

ROOT = os.environ.get("MICROTVM_TVM_REFERENCE", "")

Build = Callable[..., pathlib.Path]


class Release:
    """One release of TVM, as far as it is here."""

    def __init__(self, directory: pathlib.Path):
        self.name = directory.name
        self.crt = directory / "standalone_crt"
        self.project_api = directory / "project_api"
        major, minor = re.findall(r"\d+", self.name)[:2]
        self.version = (int(major), int(minor))


def _releases() -> list[Release]:
    if not ROOT:
        return []
    found = [Release(path.parent) for path in pathlib.Path(ROOT).glob("v*/standalone_crt")]
    return sorted(found, key=lambda release: release.version)


@pytest.fixture(
    scope="session",
    params=_releases() or [None],
    ids=lambda release: release.name if release else "absent",
)
def release(request: pytest.FixtureRequest) -> Release:
    """Each release in turn."""
    if request.param is None:
        pytest.skip("MICROTVM_TVM_REFERENCE names no directory of TVM's releases")
    return request.param


@pytest.fixture(scope="session")
def newest() -> Release:
    """The last release."""
    releases = _releases()
    if not releases:
        pytest.skip("MICROTVM_TVM_REFERENCE names no directory of TVM's releases")
    return releases[-1]


@pytest.fixture(scope="session")
def build_tools(require: Callable[..., str]) -> None:
    """CMake, Ninja and compilers."""
    for tool in ("cc", "c++", "cmake", "ninja"):
        require(tool, "build projects on TVM's C runtime")


@pytest.fixture(scope="session")
def build(build_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """``build(archive, crt, **options)`` gives the directory of a built project, once for each."""
    root = tmp_path_factory.mktemp("projects")
    built: dict[tuple[Any, ...], pathlib.Path] = {}
    host = TemplateProject.from_directory(get_microtvm_template_projects("host"))

    def make(archive: pathlib.Path, crt: pathlib.Path | None, **options: Any) -> pathlib.Path:
        key = (archive, crt, *sorted(options.items()))
        if key not in built:
            directory = root / f"{len(built)}-{archive.stem}"
            host.write_project(archive, directory, options, crt)
            with GeneratedProject.from_directory(directory) as project:
                project.build()
            built[key] = directory
        return built[key]

    with host:
        yield make


@pytest.fixture
def session(build: Build) -> Iterator[Callable[..., Session]]:
    """``session(archive, crt, **options)`` builds a project and opens a session with it."""
    with contextlib.ExitStack() as stack:

        def open_session(
            archive: pathlib.Path, crt: pathlib.Path | None, **options: Any
        ) -> Session:
            directory = build(archive, crt, **options)
            project = stack.enter_context(GeneratedProject.from_directory(directory))
            return stack.enter_context(Session(project.transport()))

        yield open_session


@pytest.fixture(scope="session")
def golden(shared_mlf: pathlib.Path) -> Callable[[str], tuple[Any, Any]]:
    """``golden("kws_int8")`` gives inputs and what TVM 0.18's own template answered."""

    def load(name: str) -> tuple[Any, Any]:
        with np.load(shared_mlf / f"{name}.golden.npz") as file:
            return file["input"], file["output"]

    return load
