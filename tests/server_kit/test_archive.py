# SPDX-License-Identifier: Apache-2.0
"""Archives that nobody vouches for: each attack is one clear error, and writes nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import pathlib
import tarfile
import tracemalloc
from typing import Any, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_kit import ArchiveError
from server_kit.archives import safe_tar
from server_kit.archives.archive import ModelArchive
from server_kit.archives.safe_tar import SafeTar
from tests.templates import tiny_model


def member(name: str, data: bytes = b"", **attributes: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def write(
    path: pathlib.Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w"
) -> pathlib.Path:
    with tarfile.open(path, mode) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (member("../evil", b"x"), "leads out"),
        (member("a/../../evil", b"x"), "leads out"),
        (member("/etc/evil", b"x"), "absolute path"),
        (member("//evil", b"x"), "absolute path"),
        (member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a symbolic link"),
        (member("link", type=tarfile.LNKTYPE, linkname="metadata.json"), "a hard link"),
        (member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3), "a device node"),
        (member("disk", type=tarfile.BLKTYPE), "a device node"),
        (member("pipe", type=tarfile.FIFOTYPE), "a device node or pipe"),
        (member("what", type=b"Z"), "type b'Z'"),
        (member("a\nb", b"x"), "odd path"),
        (member("a;b", b"x"), "odd path"),
        (member("a$(b)", b"x"), "odd path"),
        (member('a"b', b"x"), "odd path"),
        (member("a\\..\\b", b"x"), "odd path"),
        (member("x" * 600, b"x"), "odd path"),
        (member(".", b"x"), "only files"),
        (member("./metadata.json", b"{}"), "twice"),
        (member("metadata.json/below", b"{}"), "which is a file"),
    ],
)
def test_members_that_are_refused(
    tmp_path: pathlib.Path, bad: tuple[tarfile.TarInfo, bytes], complaint: str
) -> None:
    path = write(tmp_path / "bad.tar", member("metadata.json", b"{}"), bad)
    with pytest.raises(ArchiveError) as caught:
        SafeTar(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)
    assert os.listdir(tmp_path) == ["bad.tar"]


def sparse_file(path: pathlib.Path) -> None:
    """A tar file of 10 GB that takes no space."""
    with path.open("wb") as file:
        file.write(member("huge")[0].tobuf())
        file.truncate(10 << 30)


def huge_member(path: pathlib.Path) -> None:
    """A small file whose one member claims 10 GB."""
    info, _ = member("huge", size=10 << 30)
    path.write_bytes(info.tobuf() + bytes(4096))


def old_gnu_sparse(path: pathlib.Path) -> None:
    """GNU's sparse type: one stored block, 10 GB when it is unpacked."""
    header = bytearray(member("huge", b"x" * 512, type=b"S")[0].tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[483:495] = b"\x80" + bytes(6) + (10 << 30).to_bytes(5, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(bytes(header) + b"x" * 512 + bytes(1024))


def pax_sparse(path: pathlib.Path) -> None:
    """The sparse format of newer GNU tar: extended headers around one stored block."""
    info, data = member(
        "huge",
        b"x" * 512,
        pax_headers={"GNU.sparse.size": str(10 << 30), "GNU.sparse.map": "0,512"},
    )
    write(path, (info, data))


def zip_bomb(path: pathlib.Path) -> None:
    """Gigabytes of zeros in a gzip file: as one member, and a header that is only zeros inside."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(member("huge", size=10 << 30)[0].tobuf())
        for _ in range(64):
            file.write(bytes(1 << 20))


def huge_name(path: pathlib.Path) -> None:
    """A name of a gigabyte, which tarfile would read into memory."""
    header = member("././@LongLink", size=1 << 30, type=tarfile.GNUTYPE_LONGNAME)[0].tobuf()
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(64):
            file.write(bytes(1 << 20))


def many_members(path: pathlib.Path) -> None:
    write(path, *(member(f"m{number}") for number in range(safe_tar.MAX_MEMBERS + 1)))


def long_chain(path: pathlib.Path) -> None:
    """Extended headers about extended headers."""
    header = member("x", size=0, type=tarfile.XHDTYPE)[0].tobuf()
    path.write_bytes(header * 5000 + bytes(1024))


def digits(path: pathlib.Path) -> None:
    """Extended headers of digits only, for which a regular expression of tarfile needs minutes."""
    header = member("x", size=1 << 16, type=tarfile.XHDTYPE)[0].tobuf()
    path.write_bytes((header + b"1" * (1 << 16)) * 20 + bytes(1024))


def digits_in_a_record(path: pathlib.Path) -> None:
    """The same within a record that is well-formed, before a member that is not."""
    record = b"65000 comment=".ljust(64_999, b"1") + b"\n"
    header = member("x", size=1 << 16, type=tarfile.XHDTYPE)[0].tobuf()
    path.write_bytes((header + record.ljust(1 << 16, b"\0")) * 20 + bytes(1024))


def many_records(path: pathlib.Path) -> None:
    """Extended headers of the shortest records."""
    keys = b"".join(b"%d k%d=\n" % (len(b"9 k%d=\n" % n), n) for n in range(65))
    header = member("x", size=len(keys), type=tarfile.XHDTYPE)[0].tobuf()
    path.write_bytes(header + keys.ljust(1024, b"\0") + bytes(1024))


def many_extended_bytes(path: pathlib.Path) -> None:
    """Each extended header is of an honest size; together they are not."""
    long_name = member("././@LongLink", size=1 << 16, type=tarfile.GNUTYPE_LONGNAME)[0].tobuf()
    with gzip.open(path, "wb", compresslevel=1) as file:
        for number in range(300):
            name = (b"m%d" % number).ljust(1 << 16, b"\0")
            file.write(long_name + name + member("m")[0].tobuf())
        file.write(bytes(1024))


def global_headers(path: pathlib.Path) -> None:
    """Hundreds of kilobytes that become hundreds of megabytes where every one is kept."""
    with gzip.open(path, "wb") as file:
        for number in range(600):
            record = b"%06d key%04d=" % (65_000, number)
            header = member("g", size=1 << 16, type=tarfile.XGLTYPE)[0].tobuf()
            file.write(header + (record.ljust(64_999, b"v") + b"\n").ljust(1 << 16, b"\0"))
        file.write(bytes(1024))


def global_name(path: pathlib.Path) -> None:
    """A global header that would rename all members."""
    with tarfile.open(path, "w", pax_headers={"path": "evil"}) as tar:
        tar.addfile(member("good")[0])


def whole(path: pathlib.Path) -> bytes:
    return tiny_model.write_archive(path).read_bytes()


def cut_in_data(path: pathlib.Path) -> None:
    path.write_bytes(whole(path)[:700])


def cut_in_header(path: pathlib.Path) -> None:
    path.write_bytes(whole(path)[:100])


def cut_between(path: pathlib.Path) -> None:
    data = whole(path)
    path.write_bytes(data[: data.index(b"./codegen/host/src/default_lib1.c")])


def damaged_header(path: pathlib.Path) -> None:
    data = bytearray(whole(path))
    data[data.index(b"./codegen/host/src/default_lib1.c") + 130] ^= 1
    path.write_bytes(bytes(data))


def empty(path: pathlib.Path) -> None:
    path.write_bytes(b"")


def not_a_tar(path: pathlib.Path) -> None:
    path.write_text("hello\n" * 1000)


def broken_gzip(path: pathlib.Path) -> None:
    data = gzip.compress(whole(path))
    path.write_bytes(data[: len(data) // 2])


def named_pipe(path: pathlib.Path) -> None:
    os.mkfifo(path)


def absent(path: pathlib.Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (sparse_file, "has 10737418240 bytes"),
        (huge_member, "'huge' of 10737418240 bytes"),
        (old_gnu_sparse, "a sparse file|10737418240 bytes"),
        (pax_sparse, "a sparse file|10737418240 bytes"),
        (zip_bomb, "'huge' of 10737418240 bytes"),
        (huge_name, "a header of 1073741824 bytes"),
        (many_members, "more than 10000 members"),
        (long_chain, "about an extended header"),
        (digits, "records have wrong lengths"),
        (digits_in_a_record, "about an extended header"),
        (many_records, "more than 64 records"),
        (many_extended_bytes, "more than 16777216 bytes of extended headers"),
        (global_headers, "more than 16 global headers"),
        (global_name, "a global header that names a member"),
        (cut_in_data, "damaged|truncated"),
        (cut_in_header, "damaged|truncated"),
        (cut_between, "truncated or damaged at byte"),
        (damaged_header, "truncated or damaged at byte"),
        (empty, "damaged"),
        (not_a_tar, "damaged"),
        (broken_gzip, "damaged"),
        (named_pipe, "is not a file"),
        (absent, "cannot be opened: No such file"),
    ],
)
def test_archives_that_are_refused(
    tmp_path: pathlib.Path, make: Callable[[pathlib.Path], None], complaint: str
) -> None:
    path = tmp_path / "bad.tar"
    make(path)
    tracemalloc.start()
    with pytest.raises(ArchiveError, match=complaint) as caught:
        ModelArchive(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20
    assert str(path) in str(caught.value)
    assert os.listdir(tmp_path) in (["bad.tar"], [])


def test_many_small_members_that_are_large_together(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_tar, "MAX_UNPACKED_BYTES", 100_000)
    members = [member(f"m{number}", bytes(1000)) for number in range(100)]
    path = write(tmp_path / "bad.tar", *members, mode="w:gz")
    with SafeTar(path) as archive:
        assert len(archive.files) == 100
    monkeypatch.setattr(safe_tar, "MAX_UNPACKED_BYTES", 99_999)
    with pytest.raises(ArchiveError, match="unpacks to more than 99999 bytes, with member 'm99'"):
        SafeTar(path)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_239), st.integers(0, 255)), max_size=6), st.integers(0))
def test_damage_anywhere_is_an_archive_error_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut: int
) -> None:
    directory = tmp_path_factory.mktemp("damaged")
    path = directory / "bad.tar"
    data = bytearray(whole(path))
    for at, value in changes:
        data[at] = value
    path.write_bytes(bytes(data[: len(data) - cut % 4096]))
    target = directory / "out"
    try:
        with ModelArchive(path) as archive:
            archive.unpack(target)
    except ArchiveError as error:
        assert str(path) in str(error)
    assert sorted(os.listdir(directory)) in (["bad.tar"], ["bad.tar", "out"])


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_good_archive(tmp_path: pathlib.Path, mode: str) -> None:
    files = tiny_model.members()
    path = tiny_model.write_tar(tmp_path / "model.tar", files, mode)
    with ModelArchive(path) as archive:
        module = archive.only_module()
        archive.unpack(tmp_path / "out")
    assert (archive.version, module.name, module.abi) == (7, "default", "device_kit.1")
    assert (module.executors, module.style) == (["aot"], "full-model")
    assert {name: (t.dtype, t.size_bytes) for name, t in module.inputs.items()} == {
        "x": ("float32", 16)
    }
    assert (module.workspace_bytes, module.constant_bytes) == (16, 16)
    for name, data in files.items():
        assert (tmp_path / "out" / name).read_bytes() == data


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_format_of_tar(tmp_path: pathlib.Path, format: int) -> None:
    long = "/".join(["directory"] * 20)  # 199 characters, too many for the plain field
    path = tmp_path / "model.tar"
    with tarfile.open(path, "w", format=format, pax_headers={"comment": "whole"}) as tar:
        for name, data in (("a", b"1"), (f"{long}/file", b"22"), ("b", b"333")):
            info, _ = member(name, data, mtime=1.5)
            tar.addfile(info, io.BytesIO(data))
        tar.addfile(member(f"{long}/below", type=tarfile.DIRTYPE)[0])
    with SafeTar(path) as archive:
        assert archive.files.keys() == {"a", f"{long}/file", "b"}
        assert archive.directories == [f"{long}/below"]
        assert [archive.read(name, 8) for name in archive.files] == [b"1", b"22", b"333"]


def test_a_link_that_is_not_needed_is_left_out(tmp_path: pathlib.Path) -> None:
    link = member("./runtime", type=tarfile.SYMTYPE, linkname="/somewhere/standalone_crt")
    metadata = member("./metadata.json", tiny_model.members()["./metadata.json"])
    path = write(tmp_path / "model.tar", metadata, link)
    with pytest.raises(ArchiveError, match="'./runtime', a symbolic link"):
        ModelArchive(path)
    with ModelArchive(path, is_runtime_needed=False) as archive:
        archive.unpack(tmp_path / "out")
    assert os.listdir(tmp_path / "out") == ["metadata.json"]
    other = write(
        tmp_path / "other.tar", metadata, member("src", type=tarfile.SYMTYPE, linkname="/")
    )
    with pytest.raises(ArchiveError, match="'src', a symbolic link"):
        ModelArchive(other, is_runtime_needed=False)
    hard = write(
        tmp_path / "hard.tar", metadata, member("runtime", type=tarfile.LNKTYPE, linkname="/")
    )
    with pytest.raises(ArchiveError, match="'runtime', a hard link"):
        ModelArchive(hard, is_runtime_needed=False)


def test_chosen_members_only(tmp_path: pathlib.Path) -> None:
    with SafeTar(tiny_model.write_archive(tmp_path / "model.tar")) as archive:
        archive.unpack(tmp_path / "out", ["metadata.json"])
    assert os.listdir(tmp_path / "out") == ["metadata.json"]


@pytest.mark.parametrize(
    "name", ["dense_aot", "dense_c_api", "kws_int8_aot", "kws_int8_graph", "matmul_op"]
)
def test_archives_made_by_tvm_018_are_understood(shared_mlf: pathlib.Path, name: str) -> None:
    with ModelArchive(shared_mlf / f"{name}.tar") as archive:
        module = archive.only_module()
    assert module.abi is None
    assert archive.version == 7
    expected = {"kws_int8_graph": ["graph"], "matmul_op": []}.get(name, ["aot"])
    assert module.executors == expected


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        (None, "holds no metadata.json"),
        ("{", "not JSON"),
        ("\xff", "not JSON|object"),
        ("[" * 100_000, "not JSON"),
        ("[]", r"has \[\] for metadata.json; an object"),
        ({"version": 8}, "version 8; this server reads version 5, 6, 7"),
        ({"version": 4}, "version 4"),
        ({"version": "7"}, "has '7' for metadata.json: version"),
        ({"version": 7, "modules": []}, "modules"),
        ({"version": 7, "modules": {}}, "names no module"),
        ({"version": 7, "modules": {"m": 3}}, "has 3 for metadata.json: modules: m"),
        ({"version": 7}, "model_name"),
        (tiny_model.metadata(abi=3), "modules: default: abi; a string"),
        (tiny_model.metadata(memory={"functions": {"main": {}}}), None),
        (tiny_model.metadata(memory={"functions": {"main": "x"}}), "main; an array"),
        (
            tiny_model.metadata(memory={"functions": {"main": [{"inputs": {"x": {}}}]}}),
            "inputs: x: dtype; a string",
        ),
        (
            tiny_model.metadata(
                memory={"functions": {"main": [{"inputs": {"x": {"dtype": "f", "size": -1}}}]}}
            ),
            "inputs: x: size; a whole number",
        ),
    ],
)
def test_metadata_that_is_not_understood(
    tmp_path: pathlib.Path, metadata: Any, complaint: str | None
) -> None:
    files = tiny_model.members()
    del files["./metadata.json"]
    if metadata is not None:
        text = metadata if isinstance(metadata, str) else json.dumps(metadata)
        files["metadata.json"] = text.encode("latin-1")
    path = tiny_model.write_tar(tmp_path / "model.tar", files)
    if complaint is None:
        ModelArchive(path).close()
        return
    with pytest.raises(ArchiveError, match=complaint) as caught:
        ModelArchive(path)
    assert str(path) in str(caught.value)
