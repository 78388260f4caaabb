# SPDX-License-Identifier: Apache-2.0
"""Servers run on every Python from 3.8 on, whichever are on this machine."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import Callable

import pytest

from tests.server_kit.pipe_driver import PipeDriver
from tests.templates.test_host_template import START_OF_SESSION

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def interpreter(version: str) -> str | None:
    """The first that runs: ``MICROTVM_PYTHON_3_8``, ``python3.8`` on PATH, one of pyenv's."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    candidates = [
        os.environ.get("MICROTVM_PYTHON_" + version.replace(".", "_")),
        shutil.which(f"python{version}"),
        *(str(path) for path in pyenv.glob(f"versions/{version}.*/bin/python")),
    ]
    for candidate in candidates:
        if candidate:
            done = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)
            if done.returncode == 0:
                return candidate
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_project_is_made_built_and_run(
    version: str,
    host_template: pathlib.Path,
    archive: pathlib.Path,
    require: Callable[..., str],
    tmp_path: pathlib.Path,
) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"python{version} is missing; it is needed to run the server on it")
    for tool in ("cmake", "ninja", "cc"):
        require(tool, "build the host template")
    with PipeDriver(host_template, python=python) as server:
        server.call(
            "generate_project",
            model_library_format_path=str(archive),
            project_dir=str(tmp_path / "project"),
        )
    with PipeDriver(tmp_path / "project", python=python) as server:
        server.call("build")
        server.call("open_transport")
        assert server.read(len(START_OF_SESSION)) == START_OF_SESSION
        server.hang_up()
        assert "Traceback" not in server.wait()
