# SPDX-License-Identifier: Apache-2.0
"""Archives that nobody vouches for."""

from __future__ import annotations

import pathlib
import tarfile

from .. import hostile_archive
from ..clause import RFC, Level, clause, expect
from ..workbench import Workbench

_SOURCE = f"{RFC}: generate_project, model_library_format_path"
_BAD_METADATA = (b'{"version": ', b"[]", b'{"version": 999}', b'{"version": 7, "modules": {}}')


@clause("archive.absolute_path", _SOURCE)
def absolute_path(bench: Workbench) -> None:
    """An archive with an absolute path in it is refused, and nothing is written there."""
    outside = bench.place("outside") / "absolute.txt"
    _expect_refused(bench, hostile_archive.file_at(str(outside)), outside)


@clause("archive.parent_path", _SOURCE)
def parent_path(bench: Workbench) -> None:
    """An archive with '..' in a path is refused, and nothing is written outside the project."""
    room = bench.place("parent")
    # However deep below the project it is unpacked.
    climb = "/".join([".."] * (len(room.parts) + 8))
    outside = room / "parent.txt"
    _expect_refused(bench, hostile_archive.file_at(f"{climb}{outside}"), outside)


@clause("archive.symbolic_link", _SOURCE)
def symbolic_link(bench: Workbench) -> None:
    """An archive with a link out of it is refused, and nothing is written through the link."""
    outside = bench.place("outside") / "linked.txt"
    _expect_refused(bench, hostile_archive.symbolic_link(outside), outside)


@clause("archive.hard_link", _SOURCE, level=Level.RECOMMENDED)
def hard_link(bench: Workbench) -> None:
    """An archive with a hard link in it is refused."""
    _expect_refused(bench, hostile_archive.hard_link())


@clause("archive.device", _SOURCE, level=Level.RECOMMENDED)
def device(bench: Workbench) -> None:
    """An archive with a device or a pipe in it is refused."""
    _expect_refused(bench, hostile_archive.device())


@clause("archive.sparse", _SOURCE, level=Level.RECOMMENDED)
def sparse(bench: Workbench) -> None:
    """An archive whose one small member unpacks to 64 GiB is refused."""
    path = hostile_archive.rewrite(bench.archive, bench.place("sparse") / "sparse.tar")
    hostile_archive.append_sparse(path)
    _expect_error(bench, path)


@clause("archive.truncated", _SOURCE)
def truncated(bench: Workbench) -> None:
    """An archive that ends too early is refused."""
    path = hostile_archive.truncate(bench.archive, bench.place("truncated") / "truncated.tar")
    _expect_error(bench, path)


@clause("archive.not_a_tar", _SOURCE)
def not_a_tar(bench: Workbench) -> None:
    """A file that is no tar archive is refused."""
    path = bench.place("text") / "text.tar"
    path.write_text("This is not a tar archive.\n" * 100)
    _expect_error(bench, path)


@clause("archive.no_metadata", _SOURCE)
def no_metadata(bench: Workbench) -> None:
    """A tar archive without metadata.json is refused."""
    path = bench.place("no-metadata") / "no-metadata.tar"
    hostile_archive.rewrite(bench.archive, path, keep=lambda name: name != "metadata.json")
    _expect_error(bench, path)


@clause("archive.metadata", _SOURCE)
def metadata(bench: Workbench) -> None:
    """An archive is refused whose metadata.json is no JSON, of no known version or of no model."""
    for text in _BAD_METADATA:
        path = bench.place("metadata") / "metadata.tar"
        added = hostile_archive.file_at("metadata.json", text)
        hostile_archive.rewrite(bench.archive, path, added, lambda name: name != "metadata.json")
        _expect_error(bench, path)


def _expect_refused(
    bench: Workbench,
    added: list[tuple[tarfile.TarInfo, bytes]],
    outside: pathlib.Path | None = None,
) -> None:
    path = hostile_archive.rewrite(bench.archive, bench.place("hostile") / "hostile.tar", added)
    _expect_error(bench, path, outside)


def _expect_error(
    bench: Workbench, archive: pathlib.Path, outside: pathlib.Path | None = None
) -> None:
    bench.project()
    error = bench.generate(bench.place("target") / "project", archive)
    expect(
        outside is None or not outside.exists(),
        "a file was written outside the project",
        "look at every member before writing the first; unpack plain files and directories only",
    )
    expect(
        error,
        "a project was generated from it",
        "look at every member before writing the first, and raise an error that names it",
    )
