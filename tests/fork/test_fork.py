# SPDX-License-Identifier: Apache-2.0
"""``microtvm fork``: a template that stands alone."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Callable

import pytest

from microtvm.cli import main
from microtvm.fork import ForkError, fork
from microtvm.templates import get_microtvm_template_projects

SERVER = "microtvm_api_server.py"


@pytest.fixture()
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    """A template of few files."""
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / SERVER).write_text('ServerInfo(\n    platform_name="host",\n)\n')
    return directory


def test_a_fork_holds_real_files_and_no_caches(tmp_path: pathlib.Path) -> None:
    origin = pathlib.Path(get_microtvm_template_projects("host"))
    made = tmp_path / "new" / "mine"
    assert main(["fork", "host", str(made), "--name", "my_board-2"]) == 0
    files = list(made.rglob("*"))
    assert not [path for path in files if path.is_symlink()]
    assert not [path for path in files if path.suffix == ".pyc" or path.name == "__pycache__"]
    assert (made / "server_kit" / "api" / "handler.py").is_file()
    assert (made / "device_kit" / "include" / "device_kit" / "platform.h").is_file()
    assert os.access(made / SERVER, os.X_OK)
    assert os.listdir(made.parent) == ["mine"]
    kept = [path for path in origin.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    for path in kept:
        assert (made / path.relative_to(origin)).is_file(), path
    readme = (made / "README.md").read_text()
    places = [readme.index(name) for name in ("boards.json", "src/platform.c", f"`{SERVER}`")]
    assert places == sorted(places) and "my_board-2" in readme


def test_a_fork_keeps_every_promise_that_its_files_matter_for(
    tmp_path: pathlib.Path, require: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """All clauses are tested on a fork in tests/check; these on one made by the command."""
    for tool in ("cmake", "ninja", "cc"):
        require(tool, "build what the host template generates")
    made = tmp_path / "mine"
    fork(get_microtvm_template_projects("host"), made, "mine")
    groups = ["info", "generate", "project", "build", "device"]
    words = [word for group in groups for word in ("--only", group)]
    assert main(["check", str(made), "--json", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["totals"]["holds"] == len(result["clauses"])
    assert main(["info", str(made), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["platform"] == "mine"


def test_a_fork_needs_nothing_of_this_repository(tmp_path: pathlib.Path) -> None:
    made = tmp_path / "mine"
    fork(get_microtvm_template_projects("host"), made, "mine")
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server_info_query"})
    # -S: no installed packages, so that the server finds its kit beside itself or nowhere.
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(made / SERVER), "--read-fd", "0", "--write-fd", "1"],
        input=request,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["result"]["platform_name"] == "mine"


@pytest.mark.parametrize("name", ["", "My", "2nd", "a b", "a/b", "a;b", 'a"b', "a\n", "x" * 65])
def test_names_that_no_platform_can_have(
    source: pathlib.Path, tmp_path: pathlib.Path, name: str
) -> None:
    with pytest.raises(ForkError, match="cannot be a platform's"):
        fork(source, tmp_path / "mine", name)
    assert not (tmp_path / "mine").exists()


def test_what_exists_is_not_touched(source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    made = tmp_path / "mine"
    made.mkdir()
    with pytest.raises(ForkError, match="exists already"):
        fork(source, made, "mine")
    assert not list(made.iterdir())
    dangling = tmp_path / "dangling"
    dangling.symlink_to("nowhere")
    with pytest.raises(ForkError, match="exists already"):
        fork(source, dangling, "mine")


def test_a_fork_that_fails_leaves_nothing(source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (source / "server_kit").symlink_to("nowhere")
    with pytest.raises(ForkError, match="server_kit"):
        fork(source, tmp_path / "mine", "mine")
    (source / "server_kit").unlink()
    (source / SERVER).write_text("no name at all\n")
    with pytest.raises(ForkError, match="0 times"):
        fork(source, tmp_path / "mine", "mine")
    with pytest.raises(ForkError, match="within the template"):
        fork(source, source / "mine", "mine")
    with pytest.raises(ForkError, match="is no template"):
        fork(tmp_path, tmp_path / "mine", "mine")
    assert os.listdir(tmp_path) == ["source"] and os.listdir(source) == [SERVER]
