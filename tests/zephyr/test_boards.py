# SPDX-License-Identifier: Apache-2.0
"""With a real Zephyr (ZEPHYR_BASE) and toolchains: boards built for, run and driven."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import microtvm
from microtvm.rpc.link import SessionTerminatedError, SessionTimeoutError
from microtvm.transport import TransportTimeouts
from tests.crt import archives
from tests.crt.conftest import Release, release
from tests.server_kit.pipe_driver import processes_below, wait_until
from tests.templates import tiny_model
from zephyr_kit.tree import ZephyrTree

__all__ = ["release"]  # a fixture

# As today's Zephyr calls them; the template knows what an older one does.
NATIVE = "native_sim/native/64"
CORTEX_M3 = "qemu_cortex_m3"
MPS2 = "mps2/an385"

pytestmark = [pytest.mark.timeout(900)]


class Bench:
    """Makes projects for a board and ends with nothing left running below its directory."""

    def __init__(self, directory: pathlib.Path, template: pathlib.Path) -> None:
        self.directory = directory
        self._template = template

    def make(
        self,
        name: str,
        archive: pathlib.Path,
        board: str,
        crt: pathlib.Path | None = None,
        **options: Any,
    ) -> Any:
        """Generate and build."""
        project = microtvm.generate_project_from_mlf(
            self._template, self.directory / name, archive, {"board": board, **options}, crt
        )
        try:
            project.build()
            project.flash()
        except BaseException:
            project.close()
            raise
        return project


@pytest.fixture(params=[NATIVE, CORTEX_M3])
def board(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A board whose toolchain is there."""
    return chosen(request.param, monkeypatch)


def chosen(board: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if board == NATIVE:
        monkeypatch.setenv("ZEPHYR_TOOLCHAIN_VARIANT", "host")
    elif not {"ZEPHYR_TOOLCHAIN_VARIANT", "ZEPHYR_SDK_INSTALL_DIR"} & os.environ.keys():
        pytest.skip(
            "a toolchain for Arm is not named; set ZEPHYR_TOOLCHAIN_VARIANT and what it needs"
        )
    return board


@pytest.fixture()
def bench(
    tmp_path: pathlib.Path,
    zephyr_template: pathlib.Path,
    zephyr_base: pathlib.Path,  # skips where there is none
    require: Callable[..., str],
) -> Iterator[Bench]:
    for tool in ("west", "qemu-system-arm", "cmake", "ninja"):
        require(tool, "build for and run Zephyr's boards")
    yield Bench(tmp_path / "projects", zephyr_template)
    assert wait_until(lambda: not processes_below(tmp_path)), "an emulator was left behind"


def answers(project: Any, samples: np.ndarray) -> np.ndarray:
    with microtvm.Session(project.transport()) as session:
        return session_answers(session, samples)


def session_answers(session: microtvm.Session, samples: np.ndarray) -> np.ndarray:
    executor = microtvm.create_local_aot_executor(session)
    shape = executor.get_input(0).shape
    found = []
    for sample in samples:
        executor.set_input(0, sample.reshape(shape))
        executor.run()
        found.append(executor.get_output(0).numpy())
    return np.stack(found)


def host_answers(
    directory: pathlib.Path,
    archive: pathlib.Path,
    samples: np.ndarray,
    crt: pathlib.Path | None = None,
) -> np.ndarray:
    """What the model says on this machine."""
    template = microtvm.get_microtvm_template_projects("host")
    with microtvm.generate_project_from_mlf(
        template, directory / "host", archive, {}, crt
    ) as project:
        project.build()
        return answers(project, samples)


def compile_digits(path: pathlib.Path) -> pathlib.Path:
    from microtvm.demo import MODEL_NAME, relax_module

    compiled = microtvm.compile(relax_module(), name=MODEL_NAME)
    return microtvm.export_model_library_format(compiled, path)


def test_digits_answers_as_on_the_host_and_its_model_can_be_exchanged(
    bench: Bench, board: str, require_module: Callable[..., Any], tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile the digits' model")
    require_module("sklearn", "have the digits' images")
    from microtvm.demo import load_images

    digits = compile_digits(tmp_path / "digits.tar")
    samples = load_images()[0][:200]
    wanted = host_answers(tmp_path, digits, samples)
    with bench.make("digits", digits, board) as project:
        np.testing.assert_array_equal(answers(project, samples), wanted)
        # Another model of the same shape: less sure of its answers.
        source = next((bench.directory / "digits/model/codegen/host/src").glob("*_lib0.c"))
        text = source.read_text()
        call = re.compile(r"exp_float32\((?!float x\))")
        assert call.search(text)
        source.write_text(
            call.sub("exp_float32(0.5f * (", text).replace(
                "T_softmax_maxelem);", "T_softmax_maxelem));"
            )
        )
        kernel = bench.directory / "digits/build/zephyr/kernel/libkernel.a"
        compiled = kernel.stat().st_mtime_ns
        project.build()
        assert kernel.stat().st_mtime_ns == compiled, "Zephyr was compiled again"
        flatter = answers(project, samples)
    assert (flatter.argmax(axis=-1) == wanted.argmax(axis=-1)).all()
    assert flatter.max() < wanted.max()
    footprint = json.loads((bench.directory / "digits/build/footprint.json").read_text())
    assert footprint["constant_bytes"] > 9000 and footprint["firmware"]["text"] > 9000


@pytest.mark.parametrize("board", ["qemu_riscv32", "qemu_riscv64"])
def test_digits_on_risc_v_answers_as_on_the_host(
    board: str,
    bench: Bench,
    zephyr_base: pathlib.Path,
    require: Callable[..., str],
    require_module: Callable[..., Any],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_module("tvm", "compile the digits' model")
    require_module("sklearn", "have the digits' images")
    require(board.replace("qemu_", "qemu-system-"), "emulate the board")
    from microtvm.demo import load_images

    configuration = debian_s_risc_v(board, zephyr_base, require, monkeypatch)
    if board == "qemu_riscv64":  # and a UART with a FIFO, in a kernel without ticks, as wire
        configuration += "CONFIG_SEMIHOST=n\n"
    files = {f"boards/{board}.conf": configuration.encode()}
    extra = tiny_model.write_tar(tmp_path / "extra.tar", files)
    digits = compile_digits(tmp_path / "digits.tar")
    samples = load_images()[0][:200]
    wanted = host_answers(tmp_path, digits, samples)
    with bench.make("digits", digits, board, extra_files_tar=str(extra)) as project:
        np.testing.assert_array_equal(answers(project, samples), wanted)


def debian_s_risc_v(
    board: str, base: pathlib.Path, require: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """What Debian's compiler wants in the environment, and a board's configuration for it."""
    if os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT") != "cross-compile":
        chosen(board, monkeypatch)
        return ""
    if ZephyrTree(base).version < (3, 0):
        pytest.skip("Zephyr 2's assembly for RISC-V is older than Debian's compiler")
    compiler = require("riscv64-unknown-elf-gcc", "build for RISC-V")
    monkeypatch.setenv("CROSS_COMPILE", compiler[: -len("gcc")])
    if board == "qemu_riscv32":
        words = [compiler, "-march=rv32imafc", "-mabi=ilp32f", "-print-libgcc-file-name"]
        found = subprocess.run(words, capture_output=True, check=True, text=True).stdout
        monkeypatch.setenv("LDFLAGS", f"-L{pathlib.Path(found.strip()).parent}")
    return "CONFIG_MINIMAL_LIBC=y\n"


@pytest.mark.parametrize("name", ["ad_int8", "vww_int8"])
def test_integer_models_answer_with_litert_s_integers(
    name: str,
    bench: Bench,
    shared_models: pathlib.Path,
    require_module: Callable[..., Any],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_module("tvm", "compile models")
    golden = np.load(shared_models / f"{name}.golden.npz")
    archive = microtvm.export_model_library_format(
        microtvm.compile(shared_models / f"{name}.tflite"), tmp_path / "model.tar"
    )
    with bench.make("project", archive, chosen(MPS2, monkeypatch)) as project:
        found = answers(project, golden["input"][:3])
    np.testing.assert_array_equal(found, golden["output"][:3].reshape(found.shape))


@pytest.mark.parametrize("board", [NATIVE, MPS2], indirect=True)
def test_a_model_of_tvm_018_answers_as_tvm_does(
    bench: Bench, board: str, shared_mlf: pathlib.Path, tvm_crt: pathlib.Path
) -> None:
    golden = np.load(shared_mlf / "kws_int8.golden.npz")
    with bench.make("project", shared_mlf / "kws_int8_aot.tar", board, tvm_crt) as project:
        for _ in range(2):  # the server starts afresh for each session
            found = answers(project, golden["input"])
            np.testing.assert_array_equal(found, golden["output"].reshape(found.shape))


def test_a_c_interface_of_tvm_018_answers_as_on_the_host(
    bench: Bench,
    board: str,
    shared_mlf: pathlib.Path,
    tvm_crt: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    archive = shared_mlf / "dense_c_api.tar"
    samples = np.linspace(-1, 1, 3 * 64, dtype=np.float32).reshape(3, 64)
    wanted = host_answers(tmp_path, archive, samples, tvm_crt)
    with bench.make("project", archive, board, tvm_crt, warning_as_error=True) as project:
        np.testing.assert_array_equal(answers(project, samples), wanted)


@pytest.mark.parametrize("wire", ["semihosting", "uart"])
def test_64_kib_and_a_reset_over_each_wire(
    wire: str,
    bench: Bench,
    zephyr_base: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    options: dict[str, Any] = {"workspace_size_bytes": 200_000}
    if wire == "semihosting" and not ZephyrTree(zephyr_base).knows("SEMIHOST", "arch"):
        pytest.skip("this Zephyr has no semihosting; its wire is the UART")
    if wire == "uart" and ZephyrTree(zephyr_base).knows("SEMIHOST", "arch"):
        # As any application for Zephyr: a board's own configuration, by file.
        extra = {"boards/mps2_an385.conf": b"CONFIG_SEMIHOST=n\n"}
        options["extra_files_tar"] = str(tiny_model.write_tar(tmp_path / "extra.tar", extra))
    values = np.random.default_rng(0).integers(0, 256, 64 * 1024, np.uint8)
    values[1000:3000] = 0xFF  # the framing's escape
    with bench.make("project", archive, chosen(MPS2, monkeypatch), **options) as project:
        with microtvm.Session(project.transport()) as session:
            tensor = session.array(values)
            np.testing.assert_array_equal(tensor.numpy(), values)
            reset = session.get_function("tvm.testing.reset_server")
            with pytest.raises(SessionTerminatedError):
                reset()
                session.memory_stats()
        with microtvm.Session(project.transport()) as session:
            stats = session.memory_stats()
            assert stats is not None and stats.used == 0


def end_model_with(bench: Bench, project: Any, statement: str) -> None:
    """Build the project called ``project`` with another last statement in its model."""
    source = bench.directory / "project/model/codegen/host/src/default_lib0.c"
    source.write_text(source.read_text().replace("    return 0;", f"    {statement}"))
    project.build()


def test_a_fault_ends_the_session_and_not_the_board(
    bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    with bench.make("project", archive, chosen(CORTEX_M3, monkeypatch)) as project:
        end_model_with(bench, project, "__builtin_trap();")
        samples = np.ones((1, 4), np.float32)
        with pytest.raises(SessionTerminatedError):
            answers(project, samples)


def test_a_board_that_does_not_answer(
    bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    with bench.make("project", archive, chosen(CORTEX_M3, monkeypatch)) as project:
        end_model_with(bench, project, "for (;;) {}")
        limits = TransportTimeouts(2, 10, 1)
        transport = project.transport()
        session = microtvm.Session(transport, timeout_override=limits)
        with session, pytest.raises(SessionTimeoutError):
            session_answers(session, np.ones((1, 4), np.float32))


def assert_prints(project_dir: pathlib.Path, wanted: str) -> None:
    """A line on the console of a standalone project."""
    program = project_dir / "build/zephyr/zephyr.exe"
    if program.exists():
        command = [str(program), "-stop_at=0.5"]
    else:
        command = ["ninja", "-C", str(project_dir / "build"), "run"]
    process = subprocess.Popen(
        command,
        cwd=project_dir,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert any(line.strip() == wanted for line in process.stdout)
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def test_standalone_prints_its_answers(bench: Bench, board: str, tmp_path: pathlib.Path) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    bench.make("project", archive, board, project_type="standalone").close()
    assert_prints(bench.directory / "project", "y: 1 1 1 1")


def test_standalone_code_of_tvm_has_its_workspace(
    bench: Bench, board: str, tvm_crt: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    archive = archives.c_interface(tmp_path / "model.tar", (0, 18))
    bench.make("project", archive, board, tvm_crt, project_type="standalone").close()
    assert_prints(bench.directory / "project", "output0: 1 1 1 1")


@pytest.mark.parametrize("name", ["kws_int8_aot", "dense_aot"])
def test_standalone_code_of_tvm_s_packed_calls(
    name: str,
    bench: Bench,
    shared_mlf: pathlib.Path,
    tvm_crt: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = shared_mlf / f"{name}.tar"
    is_int8 = name == "kws_int8_aot"
    zeros = np.zeros((1, 490), np.int8) if is_int8 else np.zeros((1, 64), np.float32)
    wanted = host_answers(tmp_path, archive, zeros, tvm_crt).ravel()
    board = chosen(MPS2, monkeypatch)
    bench.make("project", archive, board, tvm_crt, project_type="standalone").close()
    values = " ".join(f"{value}" if is_int8 else f"{value:.9g}" for value in wanted)
    assert_prints(bench.directory / "project", f"{'Identity' if is_int8 else 'output'}: {values}")


def test_an_operator_on_the_runtime_of_each_release_of_tvm(
    release: Release, bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archives.operator(tmp_path / "scale.tar", release.version)
    x = np.array([0, 1, -2.5, 1e6], dtype=np.float32)
    board = chosen(MPS2, monkeypatch)
    with (
        bench.make("project", archive, board, release.crt) as project,
        microtvm.Session(project.transport()) as session,
    ):
        arguments = session.array(x), session.empty((4,))
        session.get_system_lib()["scale"](*arguments)
        np.testing.assert_array_equal(arguments[1].numpy(), 2 * x + 1)
