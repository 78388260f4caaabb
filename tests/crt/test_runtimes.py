# SPDX-License-Identifier: Apache-2.0
"""Archives of TVM 0.8 to 0.18 on the C runtimes of those releases."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from microtvm import (
    GeneratedProject,
    RemoteError,
    ServerError,
    Session,
    SessionTerminatedError,
    TemplateProject,
    create_local_aot_executor,
    create_local_graph_executor,
    get_microtvm_template_projects,
)
from microtvm.archive import read_graph
from microtvm.rpc.client import RPCClient
from microtvm.rpc.link import Link
from microtvm.rpc.packets import Device
from tests.client.conftest import command_line
from tests.conftest import PINNED_TOOLS
from tests.crt import archives
from tests.crt.conftest import Build, Release
from tests.server_kit.pipe_driver import PipeDriver, ReplyError

Open = Callable[..., Session]
Golden = Callable[[str], tuple[Any, Any]]

AOT_SINCE = (0, 9)
"""TVM's C runtime has an executor for ahead-of-time models from 0.9 on."""
CONSTANT_POOLS_SINCE = (0, 12)
"""From here on it runs models whose constants lie in pools."""

DENSE = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 64)


def needs(release: Release, version: tuple[int, int], what: str) -> None:
    if release.version < version:
        pytest.skip(f"the C runtime of {release.name} {what}")


def standalone(directory: pathlib.Path, *inputs: Any) -> dict[str, list[float]]:
    """What the program prints for these inputs."""
    data = b"".join(np.ascontiguousarray(array).tobytes() for array in inputs)
    done = subprocess.run(
        [directory / "build" / "main"], input=data, capture_output=True, check=True
    )
    lines = [line.rsplit(": ", 1) for line in done.stdout.decode().splitlines()]
    return {name: [float(word) for word in values.split()] for name, values in lines}


@pytest.mark.parametrize("name", ["kws_int8", "sww_int8"])
def test_ahead_of_time_models_answer_as_tvm_does(
    release: Release, session: Open, shared_mlf: pathlib.Path, golden: Golden, name: str
) -> None:
    needs(release, AOT_SINCE, "has no executor for ahead-of-time models")
    with_server = session(shared_mlf / f"{name}_aot.tar", release.crt)
    model = create_local_aot_executor(with_server)
    inputs, outputs = golden(name)
    for sample, answer in zip(inputs, outputs):
        model.set_input(0, sample)
        model.run()
        np.testing.assert_array_equal(model.get_output(0).numpy(), answer)
    assert 0 < model.benchmark(number=2, repeat=2).mean < 1


def test_a_standalone_program_answers_as_tvm_does(
    newest: Release, build: Build, shared_mlf: pathlib.Path, golden: Golden
) -> None:
    inputs, outputs = golden("kws_int8")
    directory = build(shared_mlf / "kws_int8_aot.tar", newest.crt, project_type="standalone")
    for sample, answer in zip(inputs, outputs):
        assert standalone(directory, sample) == {"Identity": answer.ravel().tolist()}


def test_a_graph_answers_as_tvm_does(
    release: Release, session: Open, shared_mlf: pathlib.Path, golden: Golden
) -> None:
    needs(release, AOT_SINCE, "reads a table of functions that TVM 0.18 does not write")
    archive = shared_mlf / "kws_int8_graph.tar"
    opened = session(archive, release.crt)
    files = read_graph(archive)
    model = create_local_graph_executor(files.graph, opened.get_system_lib(), opened.device)
    model.load_params(files.parameters)
    inputs, outputs = golden("kws_int8")
    for sample, answer in zip(inputs, outputs):
        model.run(input_1=sample)
        np.testing.assert_array_equal(model.get_output(0).numpy(), answer)
    assert 0 < model.benchmark(number=2, repeat=2).mean < 1


def test_both_interfaces_of_a_model_agree(
    release: Release, session: Open, build: Build, shared_mlf: pathlib.Path
) -> None:
    """The unpacked C interface runs everywhere; its answers are those of the packed one."""
    c_interface = shared_mlf / "dense_c_api.tar"
    model = create_local_aot_executor(session(c_interface, release.crt))
    assert model.get_input_info() == ({"x": (1, 64)}, {"x": "float32"})
    model.run(x=DENSE)
    answer = model.get_output(0).numpy().ravel()
    assert answer.sum() == pytest.approx(1, abs=1e-6) and answer.max() < 1
    program = build(c_interface, release.crt, project_type="standalone")
    np.testing.assert_array_equal(np.float32(standalone(program, DENSE)["output"]), answer)
    if release.version >= CONSTANT_POOLS_SINCE:
        packed = create_local_aot_executor(session(shared_mlf / "dense_aot.tar", release.crt))
        packed.run(x=DENSE)
        np.testing.assert_array_equal(packed.get_output(0).numpy().ravel(), answer)


def test_a_packed_model_as_a_program(
    newest: Release, build: Build, shared_mlf: pathlib.Path
) -> None:
    packed, c_interface = (
        build(shared_mlf / f"{name}.tar", newest.crt, project_type="standalone")
        for name in ("dense_aot", "dense_c_api")
    )
    assert standalone(packed, DENSE) == standalone(c_interface, DENSE)


def test_an_operator_of_tvm_018(
    release: Release, session: Open, build: Build, shared_mlf: pathlib.Path
) -> None:
    a, b = np.random.default_rng(0).random((2, 16, 16), dtype=np.float32)
    archive = shared_mlf / "matmul_op.tar"
    program = build(archive, release.crt, project_type="standalone")
    answer = np.reshape(standalone(program, a, b)["arg2"], (16, 16))
    np.testing.assert_allclose(answer, a @ b, rtol=1e-5)
    needs(release, AOT_SINCE, "reads a table of functions that TVM 0.18 does not write")
    opened = session(archive, release.crt)
    arguments = opened.array(a), opened.array(b), opened.empty((16, 16))
    lib = opened.get_system_lib()
    lib["matmul16"](*arguments)
    np.testing.assert_array_equal(arguments[2].numpy(), np.float32(answer))
    timing = {"number": 3, "repeat": 4, "min_repeat_ms": 2, "cooldown_interval_ms": 1}
    times = lib.time_evaluator("matmul16", **timing)(*arguments).results
    assert len(times) == 4 and all(0 < time < 1 for time in times)


def test_an_operator_in_the_releases_own_form(
    release: Release, session: Open, build: Build, tmp_path: pathlib.Path
) -> None:
    archive = archives.operator(tmp_path / "scale.tar", release.version)
    x = np.array([0, 1, -2.5, 1e6], dtype=np.float32)
    opened = session(archive, release.crt)
    arguments = opened.array(x), opened.empty((4,))
    opened.get_system_lib()["scale"](*arguments)
    np.testing.assert_array_equal(arguments[1].numpy(), 2 * x + 1)
    with pytest.raises(RemoteError):
        opened.get_function("runtime.RPCTimeEvaluator")(1)
    program = build(archive, release.crt, project_type="standalone")
    assert standalone(program, x) == {"arg1": (2 * x + 1).tolist()}


def test_a_graph_with_linked_parameters(
    release: Release, session: Open, tmp_path: pathlib.Path
) -> None:
    archive = archives.linked_graph(tmp_path / "graph.tar", release.version)
    opened = session(archive, release.crt)
    graph = read_graph(archive).graph
    model = create_local_graph_executor(graph, opened.get_system_lib(), opened.device)
    model.run(x=np.full(4, 10, dtype=np.float32))
    assert model.get_output(0).numpy().tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize("pools", [False, True], ids=["runtime", "pools"])
def test_the_c_interface_in_the_releases_own_form(
    release: Release, session: Open, build: Build, tmp_path: pathlib.Path, pools: bool
) -> None:
    """Struct members are not in the order of the metadata, which TVM sorts."""
    results = " -> (Tensor[(2, 2), float32], Tensor[(2), int16])"
    path = tmp_path / "c.tar"
    archive = archives.c_interface(path, release.version, pools, results)
    z, a = np.float32([[0.5, 1, 2, -3]]), np.int8([-4, 7])
    opened = session(archive, release.crt)
    model = create_local_aot_executor(opened)
    assert model.get_input_info()[0] == {"z:first": (1, 4), "a:second": (2,)}
    for _ in range(3):
        model.run(**{"a:second": a, "z:first": z})
    np.testing.assert_array_equal(model.get_output(0).numpy(), (2 * z + 1).reshape(2, 2))
    assert model.get_output(1).numpy().tolist() == [-40, 70]
    program = build(archive, release.crt, project_type="standalone")
    assert standalone(program, z, a) == {
        "output0": (2 * z + 1).ravel().tolist(),
        "output1": [-40, 70],
    }


def test_the_runtime_inside_the_archive(
    newest: Release, session: Open, tmp_path: pathlib.Path
) -> None:
    """``runtime/`` of an archive holds the same files; the client then passes no directory."""
    import tarfile

    archive = archives.operator(tmp_path / "with_runtime.tar", newest.version)
    with tarfile.open(archive, "a") as tar:
        tar.add(newest.crt, "./runtime")
    opened = session(archive, None)
    arguments = opened.array(np.zeros(4, dtype=np.float32)), opened.empty((4,))
    opened.get_system_lib()["scale"](*arguments)
    assert arguments[1].numpy().tolist() == [1, 1, 1, 1]


def test_the_memory_is_what_was_asked_for(
    newest: Release, session: Open, shared_mlf: pathlib.Path
) -> None:
    archive = shared_mlf / "matmul_op.tar"
    for options, fits, too_much in (
        ({}, 1_500_000, 2_100_000),
        ({"workspace_size_bytes": 300_000}, 200_000, 1_500_000),
    ):
        opened = session(archive, newest.crt, **options)
        opened.empty((fits,), "uint8").free()
        with pytest.raises(RemoteError):
            opened.empty((too_much,), "uint8")
    with pytest.raises(ServerError, match="'workspace_size_bytes' was given 1000; allowed is 65"):
        session(archive, newest.crt, workspace_size_bytes=1000)


def test_our_own_code_has_no_warnings(
    release: Release, build: Build, shared_mlf: pathlib.Path
) -> None:
    """TVM's code is compiled as it is; ours is held to -Wall -Wextra -Werror with it."""
    for name in ("matmul_op", "dense_c_api"):
        build(shared_mlf / f"{name}.tar", release.crt, warning_as_error=True)
    build(
        shared_mlf / "dense_c_api.tar",
        release.crt,
        warning_as_error=True,
        project_type="standalone",
    )


def test_the_command_runs_a_graph(
    newest: Release, build: Build, shared_mlf: pathlib.Path, golden: Golden, tmp_path: pathlib.Path
) -> None:
    directory = build(shared_mlf / "kws_int8_graph.tar", newest.crt)
    inputs, outputs = golden("kws_int8")
    np.savez(tmp_path / "in.npz", input=inputs)
    words = ["run", directory, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz"]
    done = subprocess.run(
        command_line(*words, "--json"), capture_output=True, check=True, cwd=tmp_path
    )
    facts = json.loads(done.stdout)
    assert facts["samples"] == len(inputs) and facts["device_ms"] > 0
    with np.load(tmp_path / "out.npz") as answers:
        np.testing.assert_array_equal(answers["output"], outputs)


def test_one_session_after_the_other_on_the_same_wire(
    release: Release, build: Build, tmp_path: pathlib.Path
) -> None:
    """A shutdown ends the session, not the firmware; the next one starts with all memory free."""
    archive = archives.operator(tmp_path / "scale.tar", release.version)
    with GeneratedProject.from_directory(build(archive, release.crt)) as project:
        transport = project.transport()
        with transport:
            for _ in range(3):
                link = Link(transport, transport.timeouts(), None)
                link.open()
                client = RPCClient(link)
                held = client.empty((1_500_000,), "uint8", Device())
                lib = client.get_function("runtime.SystemLib")()
                x, y = (client.empty((4,), "float32", Device()) for _ in range(2))
                lib["scale"](x.copyfrom([1, 1, 1, 1]), y)
                assert y.numpy().tolist() == [3, 3, 3, 3]
                client.shutdown()
                del held, lib, x, y


def test_a_reset_restarts_the_firmware(
    newest: Release, session: Open, shared_mlf: pathlib.Path
) -> None:
    opened = session(shared_mlf / "matmul_op.tar", newest.crt)
    with pytest.raises(SessionTerminatedError):
        opened.get_function("tvm.testing.reset_server")()


def test_without_a_cpp_compiler_the_error_says_so(
    newest: Release, shared_mlf: pathlib.Path, tmp_path: pathlib.Path, build_tools: None
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cc", "cmake", "ninja", "sh"):
        (tools / name).symlink_to(shutil.which(name, path=f"{os.environ['PATH']}:{PINNED_TOOLS}"))
    host = get_microtvm_template_projects("host")
    with TemplateProject.from_directory(host) as template:
        template.write_project(shared_mlf / "matmul_op.tar", tmp_path / "project", {}, newest.crt)
    with PipeDriver(tmp_path / "project", env={"PATH": str(tools), "CXX": ""}) as server:
        said = pytest.raises(ReplyError, server.call, "build", options={}).value.message
    assert "c++ was not found on PATH or beside" in said and "install a C++ compiler" in said
