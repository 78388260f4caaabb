# SPDX-License-Identifier: Apache-2.0
"""Where CMSIS-NN is taken from, and when. The directories here are fakes with its layouts."""

from __future__ import annotations

import pathlib

import pytest

from server_kit.archives.archive import ModelArchive
from server_kit.errors import ArchiveError, OptionError
from server_kit.projects.cmsis import CALLS_FILE, SETTINGS_FILE, write_cmsis_nn
from server_kit.projects.writer import ProjectWriter
from tests.templates import tiny_model

SOURCE = "./codegen/host/src/default_lib2.c"


def archive_with(path: pathlib.Path, text: str) -> pathlib.Path:
    return tiny_model.write_tar(path, {**tiny_model.members(), SOURCE: text.encode()})


def fake_sources(directory: pathlib.Path) -> None:
    """CMSIS-NN as far as its files' names go."""
    for name in ("Include/arm_nnfunctions.h", "Source/SoftmaxFunctions/arm_softmax_s8.c"):
        path = directory / name
        path.parent.mkdir(parents=True)
        path.write_text(directory.name)


def copied(archive: pathlib.Path, cmsis_path: pathlib.Path | None) -> dict[str, str]:
    """The files that a project gets, and what they hold."""
    project_dir = archive.with_name(f"project-{archive.stem}")
    with ModelArchive(archive) as model, ProjectWriter(project_dir) as project:
        write_cmsis_nn(project, model, str(cmsis_path) if cmsis_path else None)
    return {
        str(path.relative_to(project_dir)): path.read_text()
        for path in project_dir.rglob("*")
        if path.is_file()
    }


@pytest.fixture()
def archive(tmp_path: pathlib.Path) -> pathlib.Path:
    """A model that calls CMSIS-NN."""
    calls = "a = tvmgen_default_cmsis_nn_main_1 (x); tvmgen_default_cmsis_nn_main_0(x); other(x);"
    return archive_with(tmp_path / "model.tar", f"// c\n#include <arm_nnfunctions.h>\n{calls}\n")


@pytest.mark.parametrize(
    ("place", "license"),
    [(".", "LICENSE"), ("CMSIS-NN", "CMSIS-NN/LICENSE"), ("CMSIS/NN", "LICENSE.txt")],
)
def test_layouts(tmp_path: pathlib.Path, archive: pathlib.Path, place: str, license: str) -> None:
    given = tmp_path / "given"
    fake_sources(given / place)
    (given / license).write_text("of Arm")
    is_cmsis_5 = place == "CMSIS/NN"
    if is_cmsis_5:
        (given / "CMSIS/DSP/Include").mkdir(parents=True)
        (given / "CMSIS/DSP/Include/arm_math.h").touch()
    files = copied(archive, given)
    assert files.pop(CALLS_FILE).splitlines()[1:] == [
        "#include <stdint.h>",
        "int32_t tvmgen_default_cmsis_nn_main_0();",
        "int32_t tvmgen_default_cmsis_nn_main_1();",
    ]
    assert files.pop("cmsis_nn/LICENSE") == "of Arm"
    assert "SINGLE_ROUNDING" not in files.pop(SETTINGS_FILE)
    assert (files.pop("cmsis_nn/DSP/Include/arm_math.h", None) is not None) == is_cmsis_5
    assert sorted(files) == [
        "cmsis_nn/Include/arm_nnfunctions.h",
        "cmsis_nn/Source/SoftmaxFunctions/arm_softmax_s8.c",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '#include "arm_nn_types.h"',
        "  #  include  <arm_nnsupportfunctions.h>",
        "#include <arm_math.h>",
    ],
)
def test_models_that_need_it(tmp_path: pathlib.Path, text: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        copied(archive_with(tmp_path / "model.tar", f"int a;\n{text}\n"), None)
    said = str(caught.value)
    assert "was compiled for CMSIS-NN (codegen/host/src/default_lib2.c includes arm_" in said
    assert "as the option cmsis_path" in said and "github.com/ARM-software/CMSIS-NN" in said


@pytest.mark.parametrize("text", ["// #include <arm_nnfunctions.h>", "#include <arm_neon.h>", ""])
def test_models_that_do_not(tmp_path: pathlib.Path, text: str) -> None:
    archive = archive_with(tmp_path / "model.tar", text)
    assert copied(archive, tmp_path / "nowhere") == {}


def test_directories_without_it(tmp_path: pathlib.Path, archive: pathlib.Path) -> None:
    empty = tmp_path / "empty"
    # Headers alone, as a toolchain's package may have them, are not enough.
    (empty / "Include").mkdir(parents=True)
    (empty / "Include/arm_nnfunctions.h").touch()
    with pytest.raises(OptionError) as caught:
        copied(archive, empty)
    assert f"option 'cmsis_path' was given '{empty}', which holds no sources" in str(caught.value)
    assert f"{empty}/CMSIS-NN, {empty}/CMSIS/NN has Include/arm_nnf" in str(caught.value)
    assert not (tmp_path / "project-model").exists()


def archive_for(path: pathlib.Path, **cmsis_nn: object) -> pathlib.Path:
    """A model of ``microtvm compile --kernels cmsis-nn``, as far as its metadata go."""
    return tiny_model.write_archive(path, cmsis_nn=cmsis_nn)


@pytest.mark.parametrize("rounding", ["single", "double"])
def test_rounding_is_what_the_model_was_compiled_for(tmp_path: pathlib.Path, rounding: str) -> None:
    fake_sources(tmp_path / "given")
    header = tmp_path / "given/Include/arm_nnfunctions.h"
    header.write_text("arm_cmsis_nn_status arm_fully_connected_wrapper_s8(void);")
    files = copied(
        archive_for(tmp_path / "model.tar", release=7, rounding=rounding), tmp_path / "given"
    )
    assert ("#define CMSIS_NN_USE_SINGLE_ROUNDING" in files[SETTINGS_FILE]) == (
        rounding == "single"
    )


def test_another_release_is_refused(tmp_path: pathlib.Path) -> None:
    given = tmp_path / "given"
    fake_sources(given)
    older = "$Revision:    V.11.2.0\narm_cmsis_nn_status arm_fully_connected_s8(void);"
    (given / "Include/arm_nnfunctions.h").write_text(older)
    with pytest.raises(OptionError) as caught:
        copied(archive_for(tmp_path / "model.tar", release=7, rounding="single"), given)
    said = str(caught.value)
    assert f"option 'cmsis_path' was given '{given}', which holds another release" in said
    assert "(revision V.11.2.0) has no arm_fully_connected_wrapper_s8" in said
    assert "take release 7, for example tag v7.0.0" in said


def test_archives_of_unknown_releases_and_roundings_are_refused(tmp_path: pathlib.Path) -> None:
    fake_sources(tmp_path / "given")
    with pytest.raises(ArchiveError, match="compiled for CMSIS-NN 9, which this template does not"):
        copied(archive_for(tmp_path / "a.tar", release=9), tmp_path / "given")
    with pytest.raises(ArchiveError, match="rounding; single or double is wanted"):
        copied(archive_for(tmp_path / "b.tar", release=7, rounding="up"), tmp_path / "given")
    with pytest.raises(
        ArchiveError, match=r"compiled for CMSIS-NN \(release 7\): pass a directory"
    ):
        copied(archive_for(tmp_path / "c.tar", release=7), None)
