# SPDX-License-Identifier: Apache-2.0
"""What a build compiles, and what it tells meanwhile."""

from __future__ import annotations

import os
import pathlib
import shutil
import threading

import pytest

import microtvm
from tests.arduino.test_emulated_mega import load_kit

# NOT arduino-cli: it compiles nothing, and ends when it was told that its progress was seen.
SLOW = """\
#!/bin/sh
mkdir -p {build}/libraries/microtvm
touch {build}/libraries/microtvm/model.c.o
read word < {told}
echo '{{"success": true, "compiler_out": "", "compiler_err": ""}}'
"""


def objects(project: pathlib.Path) -> dict[str, int]:
    """When each object file of a build was written."""
    build = project / "build"
    return {str(path.relative_to(build)): path.stat().st_mtime_ns for path in build.rglob("*.o")}


def test_a_changed_model_is_all_that_is_compiled(
    sine_project: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(sine_project, project)
    with microtvm.GeneratedProject.from_directory(project) as opened:
        opened.build()
        before = objects(project)
        assert len(before) > 30
        (model,) = (project / "libraries/microtvm/src/model").glob("*_lib0.c")
        model.write_text(f"{model.read_text()}/* another model */\n")
        opened.build()
    after = objects(project)
    assert before.keys() == after.keys()
    compiled = {name for name, when in after.items() if before[name] != when}
    # arduino-builder writes the sketch anew, as it may have changed.
    assert {name for name in compiled if not name.startswith("sketch/")} == {
        f"libraries/microtvm/model/{model.name}.o"
    }


def test_progress_is_told_while_it_compiles(
    sine_project: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    build, cli = tmp_path / "build", tmp_path / "slow"
    build.mkdir()
    (build / "old.c.o").touch()
    cli.write_text(SLOW.format(build=build, told=told))
    cli.chmod(0o755)
    kit = load_kit(sine_project)
    monkeypatch.setattr(kit, "PROGRESS_SEC", 0.01)
    lines: list[str] = []

    def info(line: str) -> None:
        lines.append(line)
        threading.Thread(target=told.write_text, args=("seen\n",), daemon=True).start()

    monkeypatch.setattr(kit.log, "info", info)
    kit.ArduinoCli(str(cli)).compile("arduino:avr:mega", tmp_path, build)
    assert lines == ["compiled so far: 1 files, libraries/microtvm/model.c the last"]
