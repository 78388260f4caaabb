# SPDX-License-Identifier: Apache-2.0
"""The host template: generated, built, moved, run; with real tools."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import select
import shutil
import struct
import subprocess
from typing import Any, Callable

import pytest

from tests.server_kit.pipe_driver import PipeDriver, ReplyError, processes_below, wait_until
from tests.templates import tiny_model

Generate = Callable[..., pathlib.Path]

#: What the firmware sends when it starts: escape, packet start, length 3, session 0, terminate.
START_OF_SESSION = b"\xfe\xff\xfd\x03\x00\x00\x00\x00\x00\x02"


def build(project: pathlib.Path, env: dict[str, str] | None = None, **options: Any) -> str:
    """Build a project; what its server said."""
    with PipeDriver(project, env=env) as server:
        server.call("build", options=options)
        server.hang_up()
        return server.wait()


def run(project: pathlib.Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [project / "build" / "main"], input=data, capture_output=True, check=False
    )


def complaint(call: Callable[[], Any]) -> str:
    with pytest.raises(ReplyError) as caught:
        call()
    assert caught.value.code == -32000
    return caught.value.message


def test_information(host_template: pathlib.Path, generate: Generate) -> None:
    with PipeDriver(host_template) as server:
        template = server.call("server_info_query", tvm_version="0.18.0")
    assert (template["platform_name"], template["is_template"]) == ("host", True)
    assert template["model_library_format_path"] is None
    directory = generate()
    with PipeDriver(directory) as server:
        project = server.call("server_info_query")
    assert not project["is_template"]
    assert project["model_library_format_path"] == str(directory / "model.tar")
    assert project["project_options"] == template["project_options"]
    for option in template["project_options"]:
        assert set(option) == {"name", "choices", "default", "type", "required", "optional", "help"}
        assert option["help"]
    names = {option["name"] for option in template["project_options"]}
    assert {"project_type", "verbose", "workspace_size_bytes", "cmsis_path"} <= names


def test_a_project_holds_real_files_and_the_archive_as_given(
    generate: Generate, archive: pathlib.Path
) -> None:
    project = generate()
    assert not [path for path in project.rglob("*") if path.is_symlink()]
    assert os.access(project / "microtvm_api_server.py", os.X_OK)
    assert (project / "model.tar").read_bytes() == archive.read_bytes()
    for name, data in tiny_model.members().items():
        assert (project / "model" / name).read_bytes() == data
    facts = json.loads((project / "project.json").read_text())
    assert facts["project_type"] == "host_driven" and facts["packet_bytes"] == 65536
    assert facts["pool_bytes"] >= 65536 + 4 * 32
    assert not [path for path in project.rglob("*") if path.name == "tests"]


def test_build_flash_and_talk(generate: Generate, build_tools: None) -> None:
    project = generate()
    with PipeDriver(project) as server:
        server.call("build", options={})
        server.call("flash", options={})
        for _ in range(2):
            timeouts = server.call("open_transport", options={})["timeouts"]
            assert all(0 < seconds <= 300 for seconds in timeouts.values())
            assert server.read(len(START_OF_SESSION)) == START_OF_SESSION
            server.call("close_transport")
        server.call("open_transport")
        server.hang_up()
        assert "nothing to flash" in server.wait()
    assert wait_until(lambda: not processes_below(project))
    footprint = json.loads((project / "build" / "footprint.json").read_text())
    if shutil.which("size"):
        assert footprint["workspace_bytes"] == 16
        assert footprint["constant_bytes"] >= 16
        assert 0 < footprint["code_bytes"] < 1000
        assert footprint["firmware"]["text"] > footprint["code_bytes"]


def test_a_standalone_project_answers(generate: Generate, build_tools: None) -> None:
    project = generate(project_type="standalone")
    build(project)
    answer = run(project, struct.pack("<4f", 0, 1, -2.5, 1e6))
    assert answer.stdout.decode() == "y: 1 3 -4 2000001\n"
    assert run(project).stdout.decode() == "y: 1 1 1 1\n"
    for data, what in ((bytes(15), "fewer"), (bytes(17), "more")):
        wrong = run(project, data)
        assert wrong.returncode != 0
        assert f"take 16 bytes in all; standard input holds {what}" in wrong.stderr.decode()
    with PipeDriver(project) as server:
        assert "standalone" in complaint(lambda: server.call("open_transport"))


def compiled(said: str) -> set[str]:
    """The names of the sources that a build compiled."""
    lines = [line for line in said.splitlines() if "Building C object" in line]
    return {line.rsplit("/", 1)[1].removesuffix(".o") for line in lines}


def test_only_what_changed_is_compiled_again(
    generate: Generate, build_tools: None, tmp_path: pathlib.Path
) -> None:
    env = {"MICROTVM_CACHE_DIR": str(tmp_path / "cache")}
    project = generate(project_type="standalone")
    assert {"platform.c", "pool.c", "default_lib0.c"} <= compiled(build(project, env))
    assert compiled(build(project, env)) == set()
    kernel = project / "model/codegen/host/src/default_lib0.c"
    kernel.write_text(kernel.read_text().replace("+ 1.0f", "+ 2.0f"))
    assert compiled(build(project, env)) == {"default_lib0.c"}
    assert run(project).stdout.decode() == "y: 2 2 2 2\n"
    platform = project / "src/platform.c"
    platform.write_text(platform.read_text() + "\n")
    assert compiled(build(project, env)) == {"platform.c"}


def test_the_next_project_compiles_its_model_only(
    generate: Generate, build_tools: None, tmp_path: pathlib.Path
) -> None:
    env = {"MICROTVM_CACHE_DIR": str(tmp_path / "cache")}
    build(generate("first"), env)
    second = generate("second", project_type="standalone")
    said = build(second, env)
    assert compiled(said) == {"default_lib0.c", "default_lib1.c", "main_standalone.c"}
    assert "compiler identification" not in said
    assert run(second).stdout.decode() == "y: 1 1 1 1\n"
    # Its own change of what is shared is its own business.
    (second / "src/platform.c").write_text("#error mine\n")
    with PipeDriver(second, env=env) as server:
        assert "error: #error mine" in complaint(lambda: server.call("build"))
    assert compiled(build(generate("third"), env)) >= {"default_lib0.c"}


def test_two_builds_at_once_take_turns(generate: Generate, build_tools: None) -> None:
    project = generate(project_type="standalone")
    with PipeDriver(project) as server:
        busy = os.open(project, os.O_RDONLY)
        fcntl.flock(busy, fcntl.LOCK_EX)
        request = server.send("build")
        assert not select.select([server.reply_fd], [], [], 1.5)[0]
        assert not (project / "build").exists()
        os.close(busy)
        assert server.receive(request) is None
    assert run(project).returncode == 0


def test_other_flags_are_another_entry(
    generate: Generate, build_tools: None, tmp_path: pathlib.Path
) -> None:
    env = {"MICROTVM_CACHE_DIR": str(tmp_path / "cache")}
    build(generate("first"), env)
    assert "platform.c" in compiled(build(generate("second", compile_definitions="-DA=1 -DB"), env))
    assert "platform.c" in compiled(build(generate("third"), {**env, "CFLAGS": "-g"}))
    assert len(os.listdir(tmp_path / "cache")) == 3


def test_another_compiler_behind_the_same_wrapper_is_another_entry(
    generate: Generate, build_tools: None, tmp_path: pathlib.Path
) -> None:
    """What CC names first may be ccache, distcc, env or a script; what it calls decides."""
    real = shutil.which("cc")
    wrapper, compiler = tmp_path / "wrapper", tmp_path / "mycc"
    wrapper.write_text('#!/bin/sh\nexec "$@"\n')
    compiler.write_text(f'#!/bin/sh\nexec {real} -DKIND=1 "$@"\n')
    for script in (wrapper, compiler):
        script.chmod(0o755)
    cache = tmp_path / "cache"
    before = compiler.stat()
    for name, cc in {
        "word": f"{wrapper} {compiler}",
        "env": f"env X=1 {wrapper} {compiler}",
        "plain": str(compiler),
        "hidden": f"{wrapper} {compiler}",
    }.items():
        if name == "hidden":  # the same words, and another compiler that only running them shows
            compiler.write_text(f'#!/bin/sh\nexec {real} -DKIND=2 "$@"\n')
            os.utime(compiler, ns=(before.st_atime_ns, before.st_mtime_ns))
        env = {"MICROTVM_CACHE_DIR": str(cache), "CC": cc}
        assert "platform.c" in compiled(build(generate(name), env)), name
        assert "platform.c" not in compiled(build(generate(f"{name} again"), env)), name
    assert len(os.listdir(cache)) == 4


@pytest.mark.parametrize("name", ["a;b", 'a"b', "a*b", "a\\b", "a?b", "a[b", "a]b", "a|b", "a\nb"])
def test_a_path_that_cmake_cannot_take_is_refused_before_anything_is_written(
    generate: Generate, tmp_path: pathlib.Path, name: str
) -> None:
    said = complaint(lambda: generate(name))
    assert "CMake cannot build in" in said
    assert repr(name[1]) in said
    assert not list(tmp_path.glob("*b*"))


def test_a_project_moved_to_such_a_path_says_so(generate: Generate, tmp_path: pathlib.Path) -> None:
    moved = generate().rename(tmp_path / "semi;colon")
    with PipeDriver(moved) as server:
        assert "its path holds ';'" in complaint(lambda: server.call("build"))
    assert not (moved / "build").exists()


def test_a_graph_without_the_system_library_is_refused_by_build(
    host_template: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """TVM's own test_default_options_exist generates such a project and reads its options."""
    files = tiny_model.members(abi=None, executors=["graph"])
    del files["./codegen/host/include/tvmgen_default.h"]
    for name in (
        "include/tvm/runtime/crt/platform.h",
        "src/runtime/crt/common/crt_runtime_api.c",
    ):
        files[f"./runtime/{name}"] = b""
    archive = tiny_model.write_tar(tmp_path / "graph.tar", files)
    where = {"model_library_format_path": str(archive), "project_dir": str(tmp_path / "project")}
    options = {"board": "host", "project_type": "host_driven"}
    with PipeDriver(host_template) as server:
        server.call("generate_project", **where, options=options)
        server.hang_up()
        assert "this project will not build: its model is for the graph" in server.wait()
    with PipeDriver(tmp_path / "project") as server:
        names = {option["name"] for option in server.call("server_info_query")["project_options"]}
        assert names >= {"verbose", "project_type", "board", "warning_as_error", "cmsis_path"}
        said = complaint(lambda: server.call("build", options={}))
    assert "built without TVM's system library" in said and "'system-lib': True" in said
    assert not (tmp_path / "project" / "build").exists()


def test_a_project_outlives_a_move_the_cache_and_the_template(
    host_template: pathlib.Path,
    archive: pathlib.Path,
    build_tools: None,
    tmp_path: pathlib.Path,
) -> None:
    env = {"MICROTVM_CACHE_DIR": str(tmp_path / "cache")}
    template = tmp_path / "template"
    shutil.copytree(host_template, template)
    for name in ("first", "second"):
        with PipeDriver(template) as server:
            server.call(
                "generate_project",
                model_library_format_path=str(archive),
                project_dir=str(tmp_path / name),
                options={"project_type": "standalone"},
            )
        build(tmp_path / name, env)
    shutil.rmtree(template)
    archive.unlink()
    shutil.rmtree(tmp_path / "cache")
    moved = tmp_path / "else where" / "moved"
    moved.parent.mkdir()
    (tmp_path / "second").rename(moved)
    assert compiled(build(moved, env)) >= {"platform.c", "default_lib0.c"}
    assert run(moved).stdout.decode() == "y: 1 1 1 1\n"


def test_a_cache_that_cannot_be_written_costs_time_only(
    generate: Generate, build_tools: None, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "file").write_text("")
    project = generate(project_type="standalone")
    build(project, {"MICROTVM_CACHE_DIR": str(tmp_path / "file" / "cache")})
    assert run(project).returncode == 0


def test_a_damaged_cache_entry_is_got_over(
    generate: Generate, build_tools: None, tmp_path: pathlib.Path
) -> None:
    env = {"MICROTVM_CACHE_DIR": str(tmp_path / "cache")}
    build(generate("first"), env)
    for path in (tmp_path / "cache").rglob("CMakeCCompiler.cmake"):
        path.write_text("message(FATAL_ERROR damaged)\n")
    second = generate("second", project_type="standalone")
    assert "starting over without the build cache" in build(second, env)
    assert run(second).returncode == 0


def test_no_compiler_is_one_clear_error(generate: Generate) -> None:
    project = generate()
    env = {"PATH": "/nonexistent", "CC": ""}
    with PipeDriver(project, env=env) as server:
        said = complaint(lambda: server.call("build"))
        assert "was not found on PATH or beside" in said
        assert "install" in said
        assert server.call("server_info_query")["platform_name"] == "host"
        assert "call build first" in complaint(lambda: server.call("open_transport"))


def test_a_model_that_does_not_compile(generate: Generate, build_tools: None) -> None:
    project = generate()
    kernel = project / "model/codegen/host/src/default_lib0.c"
    kernel.write_text(kernel.read_text() + "this is not C\n")
    with PipeDriver(project) as server:
        said = complaint(lambda: server.call("build"))
    assert "default_lib0.c" in said and "error:" in said
    assert str(project / "build" / "build.log") in said
    assert "repeat with: cd " in said


def test_generation_options_reach_the_build(generate: Generate, build_tools: None) -> None:
    extra = {"notes/readme.txt": b"mine", "src/extra.h": b"#define EXTRA 1\n"}
    with pytest.raises(ReplyError, match="nowhere.tar cannot be opened"):
        generate("first", extra_files_tar="/nowhere.tar")
    project = generate(
        "second",
        verbose="true",
        warning_as_error="1",
        workspace_size_bytes="12345",
        compile_definitions=["-DFIRST=a.b", "-DSECOND"],
        cmsis_path=None,
    )
    said = build(project)
    assert "-DFIRST=a.b" in said and "-DSECOND" in said and "-DPOOL_BYTES=12345" in said
    tar = tiny_model.write_tar(project.parent / "extra.tar", extra)
    third = generate("third", extra_files_tar=str(tar))
    for name, data in extra.items():
        assert (third / name).read_bytes() == data


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"project_type": "standalon"}, "(did you mean 'standalone'?)"),
        ({"project_typ": "standalone"}, "(did you mean 'project_type'?)"),
        ({"board": "nucleo"}, "allowed is one of host"),
        ({"workspace_size_bytes": 10}, "'workspace_size_bytes' was given 10; allowed is "),
        ({"workspace_size_bytes": -1}, "'workspace_size_bytes' was given -1"),
        ({"workspace_size_bytes": "many"}, "allowed is a whole number"),
        ({"compile_definitions": "-DA=$(reboot)"}, "'compile_definitions' holds '-DA=$(reboot)'"),
        ({"compile_definitions": "-DA=1;B"}, "holds '-DA=1;B'"),
        ({"compile_definitions": '-DA="x"'}, "'compile_definitions' holds"),
        ({"compile_definitions": "-O3"}, "'compile_definitions' holds '-O3'"),
    ],
)
def test_wrong_options_leave_nothing(
    generate: Generate, tmp_path: pathlib.Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ReplyError) as caught:
        generate(**options)
    assert said in caught.value.message
    assert os.listdir(tmp_path) == ["tiny.tar"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"abi": None}, "needs TVM's standalone C runtime: pass the directory 'standalone_crt'"),
        ({"abi": "device_kit.9"}, "holds code for device_kit.9; templates of this release run"),
    ],
)
def test_archives_for_another_runtime(
    generate: Generate,
    archive: pathlib.Path,
    tmp_path: pathlib.Path,
    changes: dict[str, Any],
    said: str,
) -> None:
    tiny_model.write_archive(archive, **changes)
    with pytest.raises(ReplyError) as caught:
        generate()
    assert said in caught.value.message and str(archive) in caught.value.message
    assert os.listdir(tmp_path) == ["tiny.tar"]


def test_methods_in_the_wrong_place(
    host_template: pathlib.Path, generate: Generate, tmp_path: pathlib.Path
) -> None:
    with PipeDriver(host_template) as server:
        for method in ("build", "open_transport"):
            said = complaint(lambda method=method: server.call(method))
            assert "is a template; call generate_project first" in said
        server.call("flash")
    project = generate()
    with PipeDriver(project) as server:
        paths = {"model_library_format_path": str(project / "model.tar")}
        said = complaint(
            lambda: server.call("generate_project", **paths, project_dir=str(tmp_path / "x"))
        )
        assert "is a project; generate from a template" in said
    assert (
        complaint(generate)
        == f"{project} exists already; name a directory that is empty or does not exist"
    )
