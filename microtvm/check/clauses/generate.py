# SPDX-License-Identifier: Apache-2.0
"""``generate_project``: a whole project, or nothing."""

from __future__ import annotations

from typing import Any

from ...project import TVM_VERSION
from ...project_api.client import SERVER_FILE
from .. import hostile_archive
from ..clause import RFC, Level, NotApplicable, clause, expect
from ..wire import ReplyError
from ..work import Work
from ..workbench import Workbench, tree


@clause("generate.project", f"{RFC}: Generating a project", effort=Work(generations=1))
def project(bench: Workbench) -> None:
    """generate_project makes a directory that holds a server of its own."""
    target = bench.place("generate") / "project"
    error = bench.generate(target)
    expect(
        error is None,
        str(error),
        "if the template wants another kind of archive or TVM's C runtime, give them with --model "
        "and --standalone-crt-dir",
    )
    expect(
        (target / SERVER_FILE).is_file(),
        f"there is no {SERVER_FILE} in it",
        "copy the server into the project",
    )


@clause("generate.existing_directory", f"{RFC}: generate_project, project_dir")
def existing_directory(bench: Workbench) -> None:
    """A file, or a directory that holds something, is refused, and not touched."""
    bench.project()
    room = bench.place("existing")
    notes = room / "project" / "notes.txt"
    notes.parent.mkdir()
    notes.write_text("mine\n")
    for target in (notes.parent, notes):
        error = bench.generate(target)
        held = tree(room)
        expect(
            held == ["project", "project/notes.txt"] and notes.read_text() == "mine\n",
            f"there is {', '.join(held[:6]) or 'nothing'} now",
            "look before the first write",
        )
        expect(error, f"{target.name} was taken", "raise an error that names the directory")


@clause("generate.atomic", f"{RFC}: generate_project, project_dir")
def atomic(bench: Workbench) -> None:
    """A generation that fails leaves nothing, neither at the target nor beside it."""
    bench.project()
    room = bench.place("atomic")
    broken = hostile_archive.truncate(bench.archive, bench.place("broken") / "broken.tar")
    missing = room.parent / "no such archive.tar"
    for archive in (missing, broken):
        error = bench.generate(room / "parent" / "project", archive)
        expect(error or archive is broken, "there was no archive, and no error", "raise one")
        left = tree(room) if error else []
        expect(
            not left,
            f'after "{error}" there is {", ".join(left[:4])}',
            "write the project beside its target and rename it when it is whole",
        )


@clause("generate.atomic_late", f"{RFC}: generate_project, project_dir")
def atomic_late(bench: Workbench) -> None:
    """A generation that fails when most of the project is written leaves nothing either."""
    bench.project()
    if not any(option["name"] == "extra_files_tar" for option in bench.listed):
        raise NotApplicable("there is no option extra_files_tar, which is unpacked last")
    room = bench.place("atomic-late")
    broken = room.parent / f"{room.name}.tar"
    broken.write_bytes(b"no tar archive" * 100)
    error = bench.generate(room / "new" / "project", None, extra_files_tar=str(broken))
    expect(error, "extra_files_tar is no archive, and no error", "raise one")
    left = tree(room)
    expect(
        not left,
        f'after "{error}" there is {", ".join(left[:4])}',
        "write the project beside its target and rename it when it is whole",
    )


@clause("generate.error_sentence", f"{RFC}: generate_project", level=Level.RECOMMENDED)
def error_sentence(bench: Workbench) -> None:
    """An error's message is one line that says what is wrong with which file."""
    missing = bench.scratch / "no such archive.tar"
    error = bench.generate(bench.place("sentence") / "project", missing)
    expect(error, "a missing archive was taken for success", "raise an error")
    assert error is not None
    expect(
        "\n" not in error.message and missing.name in error.message,
        f"the message about a missing archive is {error.message!r}",
        "name the file in the message; a traceback belongs in the error's data",
    )


@clause("project.info", f"{RFC}: Building and Flashing")
def project_info(bench: Workbench) -> None:
    """The project's server says that it is no template, on the same platform."""
    info = _info(bench)
    expect(
        info.get("is_template") is False, f"is_template is {info.get('is_template')!r}", "be false"
    )
    name = bench.info.get("platform_name")
    expect(
        info.get("platform_name") == name,
        f"platform_name is {info.get('platform_name')!r}; the template's is {name!r}",
        "let both be the same",
    )


@clause("project.methods", f"{RFC}: Project API interface", level=Level.RECOMMENDED)
def methods(bench: Workbench) -> None:
    """A template neither builds nor connects, and a project generates none."""
    with bench.start() as server:
        for method in ("build", "open_transport"):
            error = server.ask(method, options=bench.all_options)
            expect(error, f"{method} of a template succeeded", "raise an error in a template")
    room = bench.place("methods")
    with bench.start(bench.project()) as server:
        error = server.ask("generate_project", **bench.parameters(room / "project"))
        expect(error and not tree(room), "a project generated one", "raise an error in a project")


@clause("project.model_path", f"{RFC}: ServerInfo, model_library_format_path")
def model_path(bench: Workbench) -> None:
    """model_library_format_path, seen from the server's directory, is the archive it was given."""
    path = _info(bench).get("model_library_format_path")
    expect(isinstance(path, str) and path, f"it is {path!r}", "return the archive's path")
    assert isinstance(path, str)
    # The RFC wants it relative; TVM's templates gave it whole, and TVM's tvmc opens no other.
    copy = bench.project() / path
    expect(
        copy.is_file() and copy.read_bytes() == bench.archive.read_bytes(),
        f"{path} is not the archive that was given",
        "copy the archive into the project as it is",
    )


@clause("project.self_contained", f"{RFC}: generate_project")
def self_contained(bench: Workbench) -> None:
    """A project builds when the template and the archive it was made from are gone."""
    if bench.withstood_all():
        return
    target = bench.place("alone") / "project"
    error = bench.generate_alone(target)
    expect(
        error is None,
        f"a copy of the template generates nothing: {error}",
        "keep everything the template needs below its directory",
    )
    _expect_built(bench.build(target), "copy what a build needs into the project, links as files")


@clause("project.movable", f"{RFC}: ServerInfo, model_library_format_path")
def movable(bench: Workbench) -> None:
    """A project that is moved to another directory builds there."""
    if bench.withstood_all():
        return
    target = bench.place("first") / "project"
    error = bench.generate(target)
    expect(error is None, str(error), "see generate.project")
    moved = bench.place("second") / "moved"
    target.rename(moved)
    _expect_built(bench.build(moved), "write no absolute path into the project")


def _info(bench: Workbench) -> dict[str, Any]:
    with bench.start(bench.project()) as server:
        info = server.call("server_info_query", tvm_version=TVM_VERSION)
    return info if isinstance(info, dict) else {}


def _expect_built(error: ReplyError | None, advice: str) -> None:
    expect(error is None, f"it does not build: {error}", advice)
