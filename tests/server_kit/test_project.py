# SPDX-License-Identifier: Apache-2.0
"""A project is written whole or not at all."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from server_kit import ProjectError
from server_kit.projects.writer import ProjectWriter


def names(directory: pathlib.Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_a_project_appears_when_it_is_complete(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "new" / "deep" / "project"
    with ProjectWriter(target) as project:
        project.write("a/b.txt", "text\n")
        assert not target.exists()
    assert (target / "a" / "b.txt").read_text() == "text\n"
    assert names(target.parent) == ["project"]


def test_an_empty_directory_is_taken(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "project"
    target.mkdir()
    with ProjectWriter(target) as project:
        project.write("a", "")
    assert names(target) == ["a"]


def test_failure_leaves_nothing_not_even_parents(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KeyError), ProjectWriter(tmp_path / "new" / "project") as project:
        project.write("a", "")
        raise KeyError
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_a_target_in_use_is_refused_and_left_alone(tmp_path: pathlib.Path, kind: str) -> None:
    target = tmp_path / "project"
    if kind == "file":
        target.write_text("mine")
    elif kind == "directory":
        (target / "mine").mkdir(parents=True)
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ProjectError, match=f"{target} exists already"), ProjectWriter(target):
        pytest.fail("the writer was entered")
    assert names(tmp_path) == ["project"]


def test_a_target_that_came_to_be_meanwhile_is_left_alone(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "project"
    with pytest.raises(ProjectError, match="cannot be put at"), ProjectWriter(target) as project:
        project.write("a", "")
        (target / "theirs").mkdir(parents=True)
    assert names(tmp_path) == ["project"] and names(target) == ["theirs"]


def test_a_place_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="cannot be written"):
        ProjectWriter(tmp_path / "file" / "project").__enter__()
    assert names(tmp_path) == ["file"]


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: pathlib.Path) -> None:
    code = (
        "import sys, os, pathlib, signal; from server_kit.projects.writer import ProjectWriter\n"
        "with ProjectWriter(pathlib.Path(sys.argv[1])) as project:\n"
        "    project.write('a', ''); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "pro[j]ect"
    root = pathlib.Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(target)], cwd=root, check=False)
    assert len(names(tmp_path)) == 1 and not target.exists()
    with ProjectWriter(target) as project:
        project.write("b", "")
    assert names(tmp_path) == ["pro[j]ect"] and names(target) == ["b"]


def test_a_run_that_is_still_writing_is_left_alone(tmp_path: pathlib.Path) -> None:
    code = (
        "import sys, pathlib; from server_kit.projects.writer import ProjectWriter\n"
        "with ProjectWriter(pathlib.Path(sys.argv[1])) as project:\n"
        "    project.write('theirs', ''); print('ready', flush=True); sys.stdin.read()\n"
    )
    target = tmp_path / "project"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(target)],
        cwd=pathlib.Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None and other.stdout.readline() == b"ready\n"
    with pytest.raises(ProjectError), ProjectWriter(target) as project:
        project.write("mine", "")
        other.communicate()
    assert other.returncode == 0
    assert names(tmp_path) == ["project"] and names(target) == ["theirs"]


def test_directories_are_copied_as_real_files(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "source"
    (source / "tests").mkdir(parents=True)
    (source / "__pycache__").mkdir()
    (source / "code.py").write_text("1")
    (source / "__pycache__" / f"code.{sys.implementation.cache_tag}.pyc").write_text("")
    (source / "__pycache__" / "code.cpython-27.pyc").write_text("")
    (tmp_path / "link").symlink_to(source)
    (source / "inner").symlink_to(source / "code.py")
    with ProjectWriter(tmp_path / "project") as project:
        project.copy(tmp_path / "link", "copied")
    copied = tmp_path / "project" / "copied"
    assert not copied.is_symlink() and not (copied / "inner").is_symlink()
    assert names(copied) == ["__pycache__", "code.py", "inner"]
    assert names(copied / "__pycache__") == [f"code.{sys.implementation.cache_tag}.pyc"]
    assert (copied / "code.py").stat().st_mtime_ns == (source / "code.py").stat().st_mtime_ns


def test_a_full_disk_is_one_sentence(tmp_path: pathlib.Path) -> None:
    """Where ``shutil`` tells it in tuples, one for each file."""
    with pytest.raises(ProjectError) as caught, ProjectWriter(tmp_path / "project"):
        raise shutil.Error([("a", "b", "[Errno 28] No space left on device")] * 40)
    said = str(caught.value)
    assert said.startswith(f"the project {tmp_path / 'project'} cannot be written: the disk of ")
    assert "\n" not in said and said.count("No space") == 0 and "make room" in said
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(ProjectError, match="make room"), ProjectWriter(tmp_path / "project"):
        raise full
    assert os.listdir(tmp_path) == []
