# SPDX-License-Identifier: Apache-2.0
"""Hostile archives are as hostile as they should be: the standard library sees what is in them."""

from __future__ import annotations

import pathlib
import tarfile

import pytest

from microtvm.check import hostile_archive, tiny_archive


@pytest.fixture()
def good(tmp_path: pathlib.Path) -> pathlib.Path:
    return tiny_archive.write(tmp_path / "good.tar")


def test_members_are_added_to_all_the_others(good: pathlib.Path, tmp_path: pathlib.Path) -> None:
    added = [
        *hostile_archive.file_at("/etc/evil"),
        *hostile_archive.symbolic_link(tmp_path / "outside.txt"),
        *hostile_archive.hard_link(),
        *hostile_archive.device(),
    ]
    path = hostile_archive.rewrite(good, tmp_path / "bad.tar", added)
    with tarfile.open(path) as tar:
        members = {member.name: member for member in tar}
    assert {name.removeprefix("./") for name in tiny_archive.files()} <= {
        name.removeprefix("./") for name in members
    }
    assert "/etc/evil" in members
    assert members["codegen/way_out"].linkname == str(tmp_path)
    assert members["codegen/way_out/outside.txt"].isfile()
    assert members["codegen/twin.json"].islnk() and members["codegen/pipe"].isfifo()


def test_a_sparse_member_of_64_gibibytes(good: pathlib.Path) -> None:
    hostile_archive.append_sparse(good)
    with tarfile.open(good) as tar:
        *others, sparse = tar
    assert len(others) == len(tiny_archive.files())
    assert sparse.issparse() and sparse.size == 64 << 30
    assert good.stat().st_size < 1 << 16


def test_a_truncated_archive(good: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = hostile_archive.truncate(good, tmp_path / "short.tar")
    with tarfile.open(path) as tar, pytest.raises(tarfile.ReadError):
        tar.extractall(tmp_path / "unpacked")
