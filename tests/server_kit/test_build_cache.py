# SPDX-License-Identifier: Apache-2.0
"""The cache of what does not depend on the model."""

from __future__ import annotations

import multiprocessing
import os
import pathlib

import pytest

from server_kit.tools.build_cache import BuildCache, cache_directory, make_key


def test_entries_come_back(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lib.a").write_bytes(b"objects")
    cache = BuildCache(tmp_path / "cache")
    assert not cache.restore("key", tmp_path / "out")
    cache.store("key", {"prebuilt/lib.a": tmp_path / "lib.a"})
    assert cache.restore("key", tmp_path / "out")
    assert (tmp_path / "out" / "prebuilt" / "lib.a").read_bytes() == b"objects"
    assert os.listdir(tmp_path / "cache") == ["key"]


def test_a_cache_that_cannot_be_used_is_no_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    cache = BuildCache(tmp_path / "file" / "cache")
    cache.store("key", {"a": tmp_path / "file"})
    assert not cache.restore("key", tmp_path)


def test_a_file_that_is_missing_makes_no_entry(tmp_path: pathlib.Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    cache.store("key", {"a": tmp_path / "missing"})
    assert os.listdir(tmp_path / "cache") == []


def _store(directory: str, number: int) -> None:
    source = pathlib.Path(directory, f"source{number}")
    source.write_bytes(bytes([number]) * 1_000_000)
    files = {f"file{i}": source for i in range(5)}
    BuildCache(pathlib.Path(directory, "cache")).store("key", files)


def test_concurrent_builders_leave_one_whole_entry(tmp_path: pathlib.Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_store, args=(str(tmp_path), n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert os.listdir(tmp_path / "cache") == ["key"]
    assert BuildCache(tmp_path / "cache").restore("key", tmp_path / "out")
    assert len({path.read_bytes() for path in (tmp_path / "out").iterdir()}) == 1


def test_keys_cover_names_contents_and_facts(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "a.c").write_text("int a;")
    keys = [make_key([source], ["gcc", "x"]), make_key([source], ["gccx"])]
    (source / "a.c").write_text("int b;")
    keys.append(make_key([source], ["gcc", "x"]))
    (source / "a.c").rename(source / "b.c")
    keys.append(make_key([source], ["gcc", "x"]))
    assert len(set(keys)) == len(keys)
    moved = tmp_path / "elsewhere" / "src"
    moved.parent.mkdir()
    source.rename(moved)
    assert make_key([moved], ["gcc", "x"]) == keys[-1]


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROTVM_CACHE_DIR", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_directory() == pathlib.Path("/a")
    monkeypatch.delenv("MICROTVM_CACHE_DIR")
    assert cache_directory() == pathlib.Path("/b/microtvm")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/c")
    assert cache_directory().parts[:2] == ("/", "c")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_directory_that_others_write_to_is_not_used(
    tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str], mode: int
) -> None:
    (tmp_path / "lib.a").write_bytes(b"objects")
    directory = tmp_path / "cache"
    cache = BuildCache(directory)
    cache.store("key", {"lib.a": tmp_path / "lib.a"})
    assert directory.stat().st_mode & 0o777 == 0o700
    directory.chmod(mode)
    assert not cache.restore("key", tmp_path / "out")
    cache.store("other", {"lib.a": tmp_path / "lib.a"})
    assert os.listdir(directory) == ["key"]
    assert "since others can write there" in capfd.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_user_s_directory_is_not_used(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lib.a").write_bytes(b"objects")
    cache = BuildCache(tmp_path / "cache")
    cache.store("key", {"lib.a": tmp_path / "lib.a"})
    os.chown(tmp_path / "cache", 65534, 65534)
    assert not cache.restore("key", tmp_path / "out")


def test_what_was_not_used_for_longest_makes_room(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lib.a").write_bytes(bytes(1000))
    directory = tmp_path / "cache"
    cache = BuildCache(directory, max_bytes=3500)
    for age, key in enumerate(("d", "c", "b")):
        cache.store(key, {"lib.a": tmp_path / "lib.a"})
        os.utime(directory / key, (1_000_000 - age, 1_000_000 - age))
    stale = directory / ".new-left by a killed build"
    stale.mkdir()
    os.utime(stale, (1_000_000, 1_000_000))
    assert cache.restore("b", tmp_path / "out")  # the oldest, and used just now
    cache.store("a", {"lib.a": tmp_path / "lib.a"})
    assert sorted(os.listdir(directory)) == ["a", "b", "d"]
    (tmp_path / "lib.a").write_bytes(bytes(5000))
    cache.store("huge", {"lib.a": tmp_path / "lib.a"})
    assert os.listdir(directory) == ["huge"]
