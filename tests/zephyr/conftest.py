# SPDX-License-Identifier: Apache-2.0
"""The Zephyr template in a copy of its own, and trees to use it with."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys
from typing import Any, Callable

import pytest

from tests.server_kit.pipe_driver import PipeDriver
from tests.templates import tiny_model
from tests.zephyr.tiny_zephyr import TinyZephyr

TEMPLATE = pathlib.Path(__file__).parents[2] / "templates" / "zephyr"
if str(TEMPLATE) not in sys.path:
    sys.path.append(str(TEMPLATE))  # zephyr_kit, for the tests of its parts


@pytest.fixture(scope="session")
def zephyr_template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """templates/zephyr, copied with links followed."""
    target = tmp_path_factory.mktemp("templates") / "zephyr"
    shutil.copytree(TEMPLATE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.fixture()
def tiny_zephyr(
    tmp_path: pathlib.Path, require: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> TinyZephyr:
    """A west workspace of our own; no other is meant by the environment."""
    require("west", "run its commands in a workspace")
    monkeypatch.delenv("ZEPHYR_BASE", raising=False)
    return TinyZephyr(tmp_path / "workspace")


@pytest.fixture()
def archive(tmp_path: pathlib.Path) -> pathlib.Path:
    """y = 2 x + 1."""
    return tiny_model.write_archive(tmp_path / "tiny.tar")


@pytest.fixture()
def generate(
    zephyr_template: pathlib.Path, archive: pathlib.Path, tmp_path: pathlib.Path
) -> Callable[..., pathlib.Path]:
    """``generate(name="project", **options)`` makes a project and returns its directory."""

    def generate_one(name: str = "project", crt: str = "", **options: Any) -> pathlib.Path:
        with PipeDriver(zephyr_template) as server:
            server.call(
                "generate_project",
                model_library_format_path=str(archive),
                standalone_crt_dir=crt,
                project_dir=str(tmp_path / name),
                options=options,
            )
        return tmp_path / name

    return generate_one


@pytest.fixture(scope="session")
def zephyr_base() -> pathlib.Path:
    """A real Zephyr."""
    base = os.environ.get("ZEPHYR_BASE")
    if not base:
        pytest.skip("Zephyr is absent; set ZEPHYR_BASE to build for its boards")
    return pathlib.Path(base)


@pytest.fixture(scope="session")
def tvm_crt() -> pathlib.Path:
    """The C runtime of the last release of TVM in ``MICROTVM_TVM_REFERENCE`` (see tests/crt)."""
    root = os.environ.get("MICROTVM_TVM_REFERENCE")
    found = list(pathlib.Path(root).glob("v*/standalone_crt")) if root else []
    if not found:
        pytest.skip("MICROTVM_TVM_REFERENCE names no directory of TVM's releases")
    return max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.parent.name)])
