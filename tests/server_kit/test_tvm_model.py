# SPDX-License-Identifier: Apache-2.0
"""Which runtime a model gets, and the descriptor written around TVM's code."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

import pytest

from server_kit.archives.archive import ModelArchive
from server_kit.errors import ArchiveError, ProjectError
from server_kit.projects.runtime import ModelRuntime
from server_kit.projects.writer import ProjectWriter
from tests.crt import archives
from tests.templates import tiny_model


def runtime(path: pathlib.Path, is_standalone: bool = False) -> ModelRuntime:
    with ModelArchive(path) as archive:
        return ModelRuntime(archive, archive.only_module(), is_standalone)


def descriptor(path: pathlib.Path, crt: pathlib.Path | None) -> str:
    """What a project gets; empty where it gets none."""
    shutil.rmtree(path.with_suffix(".project"), ignore_errors=True)
    with ModelArchive(path) as archive:
        chosen = ModelRuntime(archive, archive.only_module(), False)
        with ProjectWriter(path.with_suffix(".project")) as project:
            chosen.write(project, crt)
    written = path.with_suffix(".project") / "src" / "model_descriptor.c"
    return written.read_text() if written.exists() else ""


def without_header(path: pathlib.Path, executors: list[str]) -> pathlib.Path:
    """Code of TVM that lists no functions and has no C interface."""
    files = tiny_model.members(abi=None, executors=executors)
    del files["./codegen/host/include/tvmgen_default.h"]
    return tiny_model.write_tar(path, files)


@pytest.fixture
def crt(tmp_path: pathlib.Path) -> pathlib.Path:
    """The names by which TVM's runtime is known; nothing is compiled here."""
    for name in (
        "include/tvm/runtime/crt/platform.h",
        "src/runtime/crt/common/crt_runtime_api.c",
        "Makefile",
        "template/host/main.cc",
    ):
        path = tmp_path / "standalone_crt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "standalone_crt"


def test_who_runs_and_serves_what(tmp_path: pathlib.Path) -> None:
    ours = runtime(tiny_model.write_archive(tmp_path / "ours.tar"))
    assert (ours.name, ours.is_served_by_tvm) == ("device_kit", False)
    operator = archives.operator(tmp_path / "operator.tar", (0, 18))
    c_interface = archives.c_interface(tmp_path / "c.tar", (0, 18))
    graph = archives.linked_graph(tmp_path / "graph.tar", (0, 8))
    for path, is_standalone, served_by_tvm in (
        (operator, False, True),
        (operator, True, False),
        (c_interface, False, False),
        (graph, False, True),
    ):
        chosen = runtime(path, is_standalone)
        assert (chosen.name, chosen.is_served_by_tvm) == ("tvm_crt", served_by_tvm)
    with pytest.raises(ArchiveError, match="graph executor, which works through the RPC server on"):
        runtime(graph, is_standalone=True)


def test_the_descriptor_keeps_the_codes_order_and_names(
    tmp_path: pathlib.Path, crt: pathlib.Path
) -> None:
    text = descriptor(archives.c_interface(tmp_path / "c.tar", (0, 18)), crt)
    assert text.index('{"z:first", shape_input_0, 2, {2, 32, 1}, 16}') < text.index('"a:second"')
    assert "shape_input_0[2] = {1, 4}" in text and "shape_input_1[1] = {2}" in text
    assert '{"a:second", shape_input_1, 1, {0, 8, 1}, 2}' in text
    assert '{"output1", shape_output_1, 1, {0, 16, 1}, 4}' in text


def test_a_name_cannot_leave_its_string(tmp_path: pathlib.Path, crt: pathlib.Path) -> None:
    path = archives.c_interface(tmp_path / "c.tar", (0, 18))
    with ModelArchive(path) as archive:
        module = archive.only_module()
        module.name = 'a"\\\n??/é'
        chosen = ModelRuntime(archive, module, False)
        with ProjectWriter(tmp_path / "project") as project:
            chosen.write(project, crt)
    text = (tmp_path / "project" / "src" / "model_descriptor.c").read_text()
    assert '.name = "a\\042\\134\\012\\077\\077/\\303\\251",' in text


@pytest.mark.parametrize("version", [(0, 8), (0, 10)])
def test_tensors_that_the_metadata_does_not_list(
    tmp_path: pathlib.Path, crt: pathlib.Path, version: tuple[int, int]
) -> None:
    told = archives.c_interface(
        tmp_path / "told.tar", version, results=" -> (Tensor[(2, 2), float32], Tensor[(2), int16])"
    )
    assert "shape_output_0[2] = {2, 2}" in descriptor(told, crt)
    for results in ("", " -> Tensor[(2, 2), float32]", " -> (Tensor[(4), float3], Tensor[(1), x])"):
        untold = archives.c_interface(tmp_path / "untold.tar", version, results=results)
        with pytest.raises(ArchiveError, match="does not list its inputs|unknown data type"):
            runtime(untold)


def test_where_the_runtime_comes_from(tmp_path: pathlib.Path, crt: pathlib.Path) -> None:
    def names(project: pathlib.Path) -> set[str]:
        return {str(p.relative_to(project)) for p in project.rglob("*") if p.is_file()}

    landmarks = {
        "crt/include/tvm/runtime/crt/platform.h",
        "crt/src/runtime/crt/common/crt_runtime_api.c",
    }
    path = archives.operator(tmp_path / "operator.tar", (0, 18))
    assert descriptor(path, crt) == ""
    assert names(path.with_suffix(".project")) == landmarks
    for given in (None, tmp_path / "nowhere"):
        with pytest.raises(ArchiveError, match="pass the directory 'standalone_crt'") as caught:
            descriptor(tmp_path / "operator.tar", given)
        assert str(path) in str(caught.value)
        assert ("nowhere is no directory" if given else "none was given") in str(caught.value)
    (crt / "src/runtime/crt/common/crt_runtime_api.c").unlink()
    with pytest.raises(ProjectError, match="which is not TVM's standalone C runtime: it holds no"):
        descriptor(path, crt)


def test_the_runtime_of_the_archive(tmp_path: pathlib.Path) -> None:
    files: dict[str, Any] = {
        "runtime/include/tvm/runtime/crt/platform.h": b"",
        "runtime/src/runtime/crt/common/crt_runtime_api.c": b"",
        "runtime/Makefile": b"",
    }
    base = archives.operator(tmp_path / "base.tar", (0, 18))
    with ModelArchive(base) as archive:
        files.update({name: archive.read(name, 1 << 20) for name in archive.files})
    path = tiny_model.write_tar(tmp_path / "whole.tar", files)
    with ModelArchive(path) as archive:
        chosen = ModelRuntime(archive, archive.only_module(), False)
        with ProjectWriter(tmp_path / "project") as project:
            archive.unpack(project.directory / "model")
            chosen.write(project, None)
    assert sorted(p.name for p in (tmp_path / "project" / "crt").iterdir()) == ["include", "src"]
    assert not (tmp_path / "project" / "model" / "runtime").exists()


@pytest.mark.parametrize("executors", [["graph"], []], ids=["graph", "unnamed"])
def test_a_graph_without_the_system_library_is_generated_and_not_built(
    tmp_path: pathlib.Path, executors: list[str]
) -> None:
    """Through the RPC server only the build is refused; without it there is nothing to call."""
    path = without_header(tmp_path / "model.tar", executors=executors)
    name = executors[0] if executors else "unnamed"
    said = f"is for the {name} executor and was built without TVM's system library"
    assert runtime(path).defect.startswith(said)
    assert not runtime(path).is_served_by_tvm
    with pytest.raises(ArchiveError, match=said):
        runtime(path, is_standalone=True)


def test_code_that_cannot_be_called(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.tar"
    with pytest.raises(ArchiveError, match=r"holds no function tvmgen_\.\.\._run to run the model"):
        runtime(without_header(path, executors=["aot"]))
    files = tiny_model.members(abi=None)
    del files["./codegen/host/src/default_lib0.c"], files["./codegen/host/src/default_lib1.c"]
    with pytest.raises(ArchiveError, match="holds no code: there is nothing in codegen/host/src"):
        runtime(tiny_model.write_tar(path, files))
