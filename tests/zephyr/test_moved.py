# SPDX-License-Identifier: Apache-2.0
"""Which Zephyr is meant: option, environment and workspace of now, then what was stored."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any, Callable

import pytest

from tests.server_kit.pipe_driver import PipeDriver, ReplyError
from tests.zephyr.tiny_zephyr import TinyZephyr

Generate = Callable[..., pathlib.Path]
BOARD = "nucleo_f746zg"


@pytest.fixture()
def other(tmp_path: pathlib.Path, tiny_zephyr: TinyZephyr) -> TinyZephyr:
    """Another workspace."""
    return TinyZephyr(tmp_path / "elsewhere")


def build(project: pathlib.Path, env: dict[str, str] | None = None, **options: Any) -> str:
    """Build; gives what the server said."""
    with PipeDriver(project, env=env) as server:
        server.call("build", options=options)
        server.hang_up()
        return server.wait()


def test_a_project_that_was_moved_to_another_machine(
    generate: Generate, tiny_zephyr: TinyZephyr, other: TinyZephyr, tmp_path: pathlib.Path
) -> None:
    """Nothing of the first place is left, nor needed."""
    project = generate(board=BOARD, zephyr_base=str(tiny_zephyr.base))
    build(project)
    moved = tmp_path / "another-machine" / "project"
    moved.parent.mkdir()
    project.rename(moved)
    shutil.rmtree(tiny_zephyr.base.parent)
    build(moved, {"ZEPHYR_BASE": str(other.base)})
    assert other.calls("build") == [
        [f"--board={BOARD}", f"--build-dir={moved / 'build'}", str(moved)]
    ]
    texts = [path for path in moved.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    naming = {path.name for path in texts if str(project).encode() in path.read_bytes()}
    assert naming == set()
    with pytest.raises(ReplyError) as caught:
        build(moved)
    said = caught.value.message
    assert "no Zephyr was named" in said and f"{tiny_zephyr.base}, is not here" in said


def test_the_order(generate: Generate, tiny_zephyr: TinyZephyr, other: TinyZephyr) -> None:
    project = generate(board=BOARD, zephyr_base=str(tiny_zephyr.base))
    elsewhere, here = str(other.base), str(tiny_zephyr.base)
    for number, (env, options, used) in enumerate(
        (
            ({"ZEPHYR_BASE": elsewhere}, {"zephyr_base": here}, tiny_zephyr),  # the option
            ({"ZEPHYR_BASE": elsewhere}, {}, other),  # the environment
            ({"MICROTVM_CLIENT_DIR": str(other.base.parent)}, {}, other),  # the workspace
            ({}, {}, tiny_zephyr),  # what was stored
        )
    ):
        before = len(used.calls("build"))
        build(project, env, **options)
        assert len(used.calls("build")) == before + 1, f"case {number}"


def test_another_tree_than_the_stored_one_is_named(
    generate: Generate, tiny_zephyr: TinyZephyr, other: TinyZephyr
) -> None:
    project = generate(board=BOARD, zephyr_base=str(tiny_zephyr.base))
    said = build(project, {"ZEPHYR_BASE": str(other.base)})
    assert f"Zephyr is {other.base}; the project was generated with {tiny_zephyr.base}" in said


def microtvm(cwd: pathlib.Path, *words: object) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "ZEPHYR_BASE"}
    return subprocess.run(
        [sys.executable, "-m", "microtvm", *map(str, words)],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


def doctor_on_zephyr(cwd: pathlib.Path) -> dict[str, Any]:
    done = microtvm(cwd, "doctor", "--template", "zephyr", "--json")
    findings = json.loads(done.stdout)["templates"]["zephyr"]["findings"]
    return next(finding for finding in findings if finding["name"] == "Zephyr")


@pytest.mark.parametrize("config", ["", "[zephyr]\nbase = tree\n"], ids=["fresh", "updated"])
def test_doctor_and_create_find_the_workspace_they_are_called_in(
    tiny_zephyr: TinyZephyr, archive: pathlib.Path, tmp_path: pathlib.Path, config: str
) -> None:
    workspace = tiny_zephyr.base.parent
    manifest = "[manifest]\npath = tree\nfile = west.yml\n"
    (workspace / ".west" / "config").write_text(manifest + config)
    found = doctor_on_zephyr(workspace)["found"]
    assert found is not None and found.endswith(str(tiny_zephyr.base))
    option = ("--template", "zephyr", "--project-option", f"board={BOARD}")
    done = microtvm(workspace, "create", tmp_path / "project", archive, *option)
    assert (done.returncode, done.stderr) == (0, "")
    assert microtvm(workspace, "build", tmp_path / "project").returncode == 0
    done = microtvm(tmp_path, "create", tmp_path / "other", archive, *option)
    assert done.returncode == 1 and "work in a west workspace" in done.stderr


def test_doctor_and_create_refuse_a_tree_outside_any_workspace(
    tiny_zephyr: TinyZephyr,
    generate: Generate,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.rmtree(tiny_zephyr.base.parent / ".west")
    base = str(tiny_zephyr.base)
    with pytest.raises(ReplyError) as caught:
        generate(board=BOARD, zephyr_base=base)
    assert f"finds no workspace around {base}" in caught.value.message
    assert f"west init -l {base}" in caught.value.message
    monkeypatch.setenv("ZEPHYR_BASE", base)
    done = subprocess.run(
        [sys.executable, "-m", "microtvm", "doctor", "--template", "zephyr"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and f"finds no workspace around {base}" in done.stdout


def test_a_path_that_was_given_once_is_not_remembered(
    tiny_zephyr: TinyZephyr, other: TinyZephyr, archive: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Else the option of `create` would go before the environment of `build`."""
    options = [f"board={BOARD}", f"zephyr_base={tiny_zephyr.base}"]
    words = [word for option in options for word in ("--project-option", option)]
    done = microtvm(tmp_path, "create", "project", archive, "--template", "zephyr", *words)
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "project" / "microtvm-options.json").read_text())
    assert kept == {"board": BOARD}
    assert microtvm(other.base, "build", tmp_path / "project").returncode == 0
    assert len(other.calls("build")) == 1
