# SPDX-License-Identifier: Apache-2.0
"""Archives no template should unpack, each made from a good one. None is larger than it looks."""

from __future__ import annotations

import io
import pathlib
import tarfile
from collections.abc import Callable, Iterable, Iterator

_CLAIMED_BYTES = 64 << 30  # of the sparse member; it takes no disk even when it is unpacked


def rewrite(
    good: pathlib.Path,
    path: pathlib.Path,
    added: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
    keep: Callable[[str], bool] = lambda name: True,
) -> pathlib.Path:
    """Copy an archive member by member, leaving some out and adding some."""
    with tarfile.open(good) as source, tarfile.open(path, "w") as target:
        for member in source:
            if keep(member.name.removeprefix("./")):
                target.addfile(member, source.extractfile(member) if member.isfile() else None)
        for info, data in added:
            target.addfile(info, io.BytesIO(data))
    return path


def file_at(
    name: str, data: bytes = b"written by an archive\n"
) -> list[tuple[tarfile.TarInfo, bytes]]:
    """A file with any path."""
    return [_member(name, data)]


def symbolic_link(outside: pathlib.Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """A link out of the archive, and a file written through it."""
    link = _member("codegen/way_out", type=tarfile.SYMTYPE, linkname=str(outside.parent))
    return [link, _member(f"codegen/way_out/{outside.name}", b"written through a link\n")]


def hard_link() -> list[tuple[tarfile.TarInfo, bytes]]:
    """A hard link to a member."""
    return [_member("codegen/twin.json", type=tarfile.LNKTYPE, linkname="./metadata.json")]


def device() -> list[tuple[tarfile.TarInfo, bytes]]:
    """A named pipe, which anybody may create; reading it would wait for ever."""
    return [_member("codegen/pipe", type=tarfile.FIFOTYPE)]


def append_sparse(path: pathlib.Path) -> None:
    """Append a member of GNU's sparse type: one stored block of a file of 64 GiB."""
    header = bytearray(_member("codegen/sparse", type=b"S")[0].tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"%011o\0" % 512
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[483:495] = b"\x80" + _CLAIMED_BYTES.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with tarfile.open(path) as tar:
        end = max(_ends(tar))
    data = path.read_bytes()[:end]
    path.write_bytes(data + bytes(header) + b"x" * 512 + bytes(1024))


def truncate(good: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    """The first part of an archive, cut within the data of its last files."""
    with tarfile.open(good) as tar:
        largest = max((member for member in tar if member.isfile()), key=lambda m: m.size)
        cut = largest.offset_data + largest.size // 2
    path.write_bytes(good.read_bytes()[:cut])
    return path


def _ends(tar: tarfile.TarFile) -> Iterator[int]:
    for member in tar:
        blocks = -(-member.size // tarfile.BLOCKSIZE) if member.isfile() else 0
        yield member.offset_data + blocks * tarfile.BLOCKSIZE


def _member(
    name: str, data: bytes = b"", type: bytes = tarfile.REGTYPE, linkname: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.type = type
    info.linkname = linkname
    return info, data
