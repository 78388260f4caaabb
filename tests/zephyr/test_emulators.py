# SPDX-License-Identifier: Apache-2.0
"""Emulated boards. Arm's FVPs are nobody's to pass on: fake_fvp.py stands for them, named so; the
firmware behind it is real."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import signal
import sys
from typing import Any, Callable, Iterator

import numpy as np
import pytest

import microtvm
from server_kit.errors import OptionError, ProjectError, ServerError
from tests.server_kit.pipe_driver import PipeDriver, ReplyError, processes_below, wait_until
from tests.templates import tiny_model
from tests.zephyr.tiny_zephyr import BUILD_LEAVES, TinyZephyr
from zephyr_kit.build import ZephyrBuild
from zephyr_kit.emulators import find_emulator
from zephyr_kit.emulators.arm_fvp import fvp_command
from zephyr_kit.emulators.qemu import qemu_command

FAKE_FVP = pathlib.Path(__file__).parent / "fake_fvp.py"
PROGRAM = "FVP_Corstone_SSE-300_Ethos-U55"
BOARD = "mps2/an385"  # of the tiny tree; what it leaves is that of a board with an FVP

# What Zephyr's board.cmake files give their FVPs for the first two UARTs.
MPS3 = (
    "-C mps3_board.uart0.out_file=- -C mps3_board.uart0.unbuffered_output=1 "
    "-C mps3_board.uart1.out_file=- -C mps3_board.uart1.unbuffered_output=1 "
    "-C mps3_board.visualisation.disable-visualisation=1"
)
MPS3_TELNET = (
    " -C mps3_board.telnetterminal0.start_telnet=0 -C mps3_board.telnetterminal1.start_telnet=0"
)
APPLICATION = " -a zephyr/zephyr.elf"

NINJA = """\
cmake_ninja_workdir = /nowhere/
rule CUSTOM_COMMAND
  command = $COMMAND
  description = $DESC
"""
TARGET = """\
build zephyr/CMakeFiles/run_{name} | ${{cmake_ninja_workdir}}run_{name}: CUSTOM_COMMAND || x y
  COMMAND = cd /nowhere && {command}
  DESC = {title}: 11.27
  pool = console
build zephyr/run_{name}: phony zephyr/CMakeFiles/run_{name}
build run_{name}: phony zephyr/run_{name}
"""


def leaves(**commands: str) -> dict[str, str]:
    """What the build of an emulated board leaves: a target ``run_NAME`` for each command."""
    cache = "".join(f"{'ARMFVP' if 'fvp' in name else 'QEMU'}:FILEPATH=x\n" for name in commands)
    ninja = NINJA
    for name, command in commands.items():
        ninja += TARGET.format(name=name, command=command, title=PROGRAM)
    first = next(iter(commands))
    ninja += f"build zephyr/run: phony run_{first}\nbuild run: phony zephyr/run\n"
    kept = {name: text for name, text in BUILD_LEAVES.items() if "runners" not in name}
    return {**kept, "build.ninja": ninja, "CMakeCache.txt": kept["CMakeCache.txt"] + cache}


def emulated(directory: pathlib.Path, files: dict[str, str]) -> ZephyrBuild:
    """A build directory that holds these files."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ZephyrBuild(directory.parent, directory)


def options(**given: Any) -> dict[str, Any]:
    return {"gdbserver_port": None, "arm_fvp_path": None, **given}


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ReplyError) as caught:
        call()
    return caught.value.message


@pytest.fixture()
def fvp(tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """``fvp(**environment)`` puts the fake FVP into a directory, under Arm's name."""

    def make(directory: str = "arm", **environment: str) -> pathlib.Path:
        program = tmp_path / directory / PROGRAM
        program.parent.mkdir(exist_ok=True)
        settings = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in environment.items())
        program.write_text(f'#!/bin/sh\n{settings}exec {sys.executable} {FAKE_FVP} "$@"\n')
        program.chmod(0o755)
        return program

    return make


@pytest.fixture()
def nothing_left(tmp_path: pathlib.Path) -> Iterator[None]:
    """Fails where a test leaves a process."""
    yield
    assert wait_until(lambda: not processes_below(tmp_path)), "an emulator was left behind"


@pytest.fixture()
def project(
    generate: Callable[..., pathlib.Path], tiny_zephyr: TinyZephyr, nothing_left: None
) -> Callable[..., pathlib.Path]:
    """``project(name)`` makes and builds one for a board that only an FVP stands for."""
    tiny_zephyr.change(build_leaves=leaves(armfvp="ARMFVP-NOTFOUND " + MPS3 + APPLICATION))

    def make(name: str = "project", **given: Any) -> pathlib.Path:
        directory = generate(name, board=BOARD, zephyr_base=str(tiny_zephyr.base), **given)
        with PipeDriver(directory) as server:
            server.call("build")
        return directory

    return make


@pytest.mark.parametrize(
    ("words", "prefix", "terminal"),
    [
        (MPS3, "mps3_board.", "telnetterminal0"),
        (MPS3 + MPS3_TELNET, "mps3_board.", "telnetterminal0"),
        (MPS3.replace("mps3_board.uart", "fvp_mps2.UART"), "fvp_mps2.", "telnetterminal0"),
        (MPS3.replace("mps3_board.uart", "bp.pl011_uart"), "bp.", "terminal_0"),
    ],
)
def test_only_the_console_of_an_fvp_changes(words: str, prefix: str, terminal: str) -> None:
    given = words.split()
    command, name = fvp_command(["fvp", *given, "-a", "x.elf"])
    assert name == terminal
    added = [f"{prefix}{terminal}.{x}" for x in ("mode=raw", "start_telnet=0", "quiet=0")]
    assert command[-6:] == [word for setting in added for word in ("-C", setting)]
    lost = {word for word in given if re.search(r"uart0\.out_file|terminal0", word, re.I)}
    kept = [setting for setting in given[1::2] if setting not in lost]
    assert command[:-6] == ["fvp", *(w for s in kept for w in ("-C", s)), "-a", "x.elf"]


def test_an_fvp_without_a_uart() -> None:
    with pytest.raises(ProjectError, match=r"uart0\.out_file is wanted\): fvp -C a\.b=1"):
        fvp_command(["fvp", "-C", "a.b=1"])


def test_qemu_s_console() -> None:
    zephyr = shlex.split(
        "qemu-system-arm -cpu cortex-m3 -nographic -pidfile qemu.pid "
        "-icount shift=6,align=off,sleep=off -rtc clock=vm "
        "-chardev stdio,id=con,mux=on -serial chardev:con -mon chardev=con,mode=readline "
        "-semihosting-config enable=on,target=auto,chardev=con -kernel zephyr.elf"
    )
    kept = (
        "qemu-system-arm -cpu cortex-m3 -nographic -icount shift=6,align=off,sleep=on "
        "-rtc clock=vm -serial chardev:con -kernel zephyr.elf"
    )
    uart = ["-chardev", "stdio,id=con,signal=off", "-monitor", "none"]
    assert qemu_command(zephyr, semihosting=False) == [*shlex.split(kept), *uart]
    assert qemu_command(zephyr, False, 1234)[-3:] == ["-gdb", "tcp:127.0.0.1:1234", "-S"]
    semihosting = qemu_command(zephyr, semihosting=True)
    assert "null,id=con" in semihosting and not any("stdio" in word for word in semihosting)
    assert "enable=on,target=native" in semihosting


def test_which_emulator(tmp_path: pathlib.Path, require: Callable[..., str]) -> None:
    require("ninja", "read builds")
    qemu, arm = "qemu-system-arm -kernel x", "/opt/FVP " + MPS3
    by_default, by_choice = {"use_fvp": False}, {"use_fvp": True}

    def found(name: str, files: dict[str, str], facts: dict[str, Any]) -> str:
        return type(find_emulator(emulated(tmp_path / name, files), facts)).__name__

    both = leaves(qemu=qemu, armfvp=arm)
    assert found("both", both, by_default) == "Qemu"
    assert found("both", both, by_choice) == "ArmFvp"
    assert found("fvp", leaves(armfvp=arm), by_default) == "ArmFvp"
    assert found("qemu", leaves(qemu=qemu), by_default) == "Qemu"
    with pytest.raises(ProjectError, match="Zephyr knows no FVP for this board"):
        found("qemu", leaves(qemu=qemu), by_choice)
    native = {**leaves(qemu=qemu), "zephyr/zephyr.exe": ""}
    assert found("native", native, by_default) == "NativeProgram"
    real = {**both, "zephyr/runners.yaml": BUILD_LEAVES["zephyr/runners.yaml"]}
    assert found("real", real, by_default) == "NoneType"
    assert found("neither", {"build.ninja": NINJA}, by_default) == "NoneType"


@pytest.mark.parametrize("name", ["qemu", "armfvp"])
def test_firmware_that_a_moved_project_has_left_elsewhere(
    tmp_path: pathlib.Path, require: Callable[..., str], name: str
) -> None:
    require("ninja", "read builds")
    state = json.dumps([BOARD, "/zephyr", "/before"])
    files = {**leaves(**{name: "qemu-system-arm " + MPS3}), "configured.json": state}
    emulator = find_emulator(emulated(tmp_path / "build", files), {"use_fvp": False})
    assert emulator is not None
    with pytest.raises(ProjectError, match=f"{tmp_path} was built in /before, .*; call build"):
        emulator.transport(options())


def test_what_an_emulator_refuses(
    tmp_path: pathlib.Path, require: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require("ninja", "read builds")

    def emulator(name: str, files: dict[str, str]) -> Any:
        return find_emulator(emulated(tmp_path / name, files), {"use_fvp": False})

    missing = emulator("qemu", leaves(qemu="QEMU-NOTFOUND -kernel x"))
    with pytest.raises(ServerError, match="QEMU emulates this board and was not there"):
        missing.transport(options())
    native = emulator("native", {"zephyr/zephyr.exe": ""})
    with pytest.raises(OptionError, match="'gdbserver_port' is not for this board"):
        native.transport(options(gdbserver_port=1234))
    fvp = emulator("fvp", leaves(armfvp="ARMFVP-NOTFOUND " + MPS3))
    with pytest.raises(OptionError, match="'gdbserver_port' is for QEMU; an FVP is debugged"):
        fvp.transport(options(gdbserver_port=1234))
    monkeypatch.delenv("ARMFVP_BIN_PATH", raising=False)
    with pytest.raises(ServerError, match=f"Arm's {PROGRAM} models this board and is not here"):
        fvp.transport(options())
    wanted = rf"'arm_fvp_path' was given '{tmp_path}'.*{tmp_path}/{PROGRAM} does not exist"
    with pytest.raises(OptionError, match=wanted):
        fvp.transport(options(arm_fvp_path=str(tmp_path)))
    monkeypatch.setenv("ARMFVP_BIN_PATH", str(FAKE_FVP.parent / "conftest.py"))
    with pytest.raises(OptionError, match=r"ARMFVP_BIN_PATH is .*conftest\.py cannot be run"):
        fvp.transport(options())


@pytest.mark.parametrize("where", ["option", "directory", "generated", "variable", "path"])
def test_an_fvp_is_found_when_it_is_needed(
    project: Callable[..., pathlib.Path], fvp: Callable[..., pathlib.Path], where: str
) -> None:
    program = fvp()
    given: dict[str, str] = {"arm_fvp_path": str(program)}
    directory = project(**(given if where == "generated" else {}))
    environment = {
        "variable": {"ARMFVP_BIN_PATH": str(program.parent)},
        "path": {"PATH": f"{program.parent}:{os.environ['PATH']}"},
    }.get(where, {})
    if where == "directory":
        given = {"arm_fvp_path": str(program.parent)}
    with PipeDriver(directory, env=environment) as server:
        server.call("flash")  # nothing
        server.call("open_transport", options=given if where in ("option", "directory") else {})
        server.write(b"\xff\xfd\x00 bytes\n")
        assert server.read(9) == b"\xff\xfd\x00 bytes"


def test_the_name_of_tvm_s_days_means_the_fvp_where_it_has_a_target_of_its_own(
    generate: Callable[..., pathlib.Path], tiny_zephyr: TinyZephyr
) -> None:
    mps3 = {"name": "mps3", "qualifiers": "corstone300/an547,corstone300/fvp", "dir": "boards/arm"}
    tiny_zephyr.change(boards=[mps3])
    given = {"board": "mps3_an547", "zephyr_base": str(tiny_zephyr.base)}
    for name, use_fvp, target in (("qemu", False, "an547"), ("fvp", True, "fvp")):
        facts = json.loads((generate(name, use_fvp=use_fvp, **given) / "project.json").read_text())
        assert facts["board"] == f"mps3/corstone300/{target}"
    assert "CONFIG_MICROTVM_FVP=y" in (tiny_zephyr.base.parents[1] / "fvp/prj.conf").read_text()
    assert "FVP" not in (tiny_zephyr.base.parents[1] / "qemu/prj.conf").read_text()


@pytest.fixture(scope="module")
def host_firmware(
    repository: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
    require: Callable[..., str],
) -> pathlib.Path:
    """The model as a program for this machine, which serves it over its pipes."""
    for tool in ("cmake", "ninja", "cc"):
        require(tool, "build firmware for this machine")
    directory = tmp_path_factory.mktemp("host")
    archive = tiny_model.write_archive(directory / "tiny.tar")
    template = repository / "templates" / "host"
    with microtvm.generate_project_from_mlf(template, directory / "project", archive, {}) as host:
        host.build()
    return directory / "project" / "build" / "main"


def y(session: microtvm.Session, x: float) -> list[float]:
    executor = microtvm.create_local_aot_executor(session)
    executor.set_input(0, np.full((1, 4), x, np.float32).reshape(executor.get_input(0).shape))
    executor.run()
    answer: list[float] = executor.get_output(0).numpy().ravel().tolist()
    return answer


def test_sessions_through_two_fvps_side_by_side(
    project: Callable[..., pathlib.Path],
    fvp: Callable[..., pathlib.Path],
    host_firmware: pathlib.Path,
) -> None:
    given = {"arm_fvp_path": str(fvp(FAKE_FVP_RUNS=str(host_firmware), FAKE_FVP_PRINTS="300000"))}
    first, second = (
        microtvm.GeneratedProject.from_directory(project(name), given) for name in ("one", "two")
    )
    with first, second:
        one = microtvm.Session(first.transport())
        two = microtvm.Session(second.transport())
        with one, two:
            assert y(one, 1.0) == [3.0] * 4
            assert y(two, 2.0) == [5.0] * 4
            assert y(one, 3.0) == [7.0] * 4
            values = np.random.default_rng(0).integers(0, 256, 64 * 1024, np.uint8)
            np.testing.assert_array_equal(two.array(values).numpy(), values)
        with microtvm.Session(first.transport()) as again:
            assert y(again, 0.0) == [1.0] * 4


def test_an_fvp_that_does_not_start(
    project: Callable[..., pathlib.Path], fvp: Callable[..., pathlib.Path]
) -> None:
    directory = project()
    words = "License checkout for the feature SG_Simulator failed.\nCheck ARMLMD_LICENSE_FILE."
    given = {"arm_fvp_path": str(fvp("no_licence", FAKE_FVP_DIES=words))}
    with PipeDriver(directory) as server:
        said = refused(lambda: server.call("open_transport", options=given))
        assert "has ended (exit status 1) before its UART was there; it said: License ch" in said
        assert "feature SG_Simulator failed. | Check ARMLMD_LICENSE_FILE.; repeat with: cd" in said
        assert f"cd {directory}/build && {given['arm_fvp_path']} -C mps3_board.uart0" in said
        assert not processes_below(directory / "build")
        # The model that this flag is for is another one.
        ninja = directory / "build" / "build.ninja"
        ninja.write_text(ninja.read_text().replace("uart1.out_file", "uart9.no_such_parameter"))
        given = {"arm_fvp_path": str(fvp())}
        said = refused(lambda: server.call("open_transport", options=given))
        assert "it said: Error: parameter not found: mps3_board.uart9.no_such_parameter;" in said
        ninja.write_text(ninja.read_text().replace("uart9.no_such_parameter", "uart1.out_file"))
        server.call("open_transport", options=given)


def test_an_fvp_that_says_nothing(
    tmp_path: pathlib.Path,
    fvp: Callable[..., pathlib.Path],
    nothing_left: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from server_kit.transports import process_socket

    monkeypatch.setattr(process_socket, "START_SEC", 1.0)
    words = [str(fvp(FAKE_FVP_IS_SILENT="1")), "-C", "mps3_board.telnetterminal0.start_telnet=0"]
    transport = process_socket.ProcessSocketTransport(words, tmp_path, re.compile(r"port (\d+)"))
    with pytest.raises(ServerError, match=r"did not say within 1.0 s where its UART is; it said n"):
        transport.open()


def test_an_fvp_that_ends_and_is_started_again(
    project: Callable[..., pathlib.Path], fvp: Callable[..., pathlib.Path]
) -> None:
    given = {"arm_fvp_path": str(fvp())}
    with PipeDriver(project()) as server:
        server.call("open_transport", options=given)
        server.write(b"end the simulation")
        with pytest.raises(ReplyError) as caught:
            server.read(1)
        said = caught.value.data["detail"]
        assert "the firmware has ended (exit status 1); it said: telnetterminal0: Listening" in said
        assert "Info: Simulation is stopping." in said
        server.call("open_transport", options=given)
        server.write(b"hang up")
        with pytest.raises(ReplyError, match="TransportClosedError"):
            server.read(1)
        server.call("open_transport", options=given)
        server.write(b"1")
        assert server.read(1) == b"1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_fvp_ends_with_its_server(
    project: Callable[..., pathlib.Path], fvp: Callable[..., pathlib.Path], number: signal.Signals
) -> None:
    directory = project()
    with PipeDriver(directory) as server:
        server.call("open_transport", options={"arm_fvp_path": str(fvp())})
        assert processes_below(directory / "build")
        server.process.send_signal(number)
        server.process.wait(20)
        assert wait_until(lambda: not processes_below(directory))


def test_a_client_that_goes_while_an_fvp_starts(
    project: Callable[..., pathlib.Path], fvp: Callable[..., pathlib.Path]
) -> None:
    directory = project()
    with PipeDriver(directory) as server:
        given = {"arm_fvp_path": str(fvp(FAKE_FVP_IS_SILENT="1"))}
        server.send("open_transport", options=given)
        assert wait_until(lambda: processes_below(directory / "build"))
        server.hang_up()
        server.wait()
    assert wait_until(lambda: not processes_below(directory))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("when", ["built", "opened"])
def test_real_firmware_on_an_fvp_s_board(
    when: str,
    zephyr_template: pathlib.Path,
    zephyr_base: pathlib.Path,
    archive: pathlib.Path,
    fvp: Callable[..., pathlib.Path],
    tmp_path: pathlib.Path,
    require: Callable[..., str],
    nothing_left: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Zephyr's own command and firmware; behind the fake FVP, QEMU models the same chip."""
    for tool in ("west", "qemu-system-arm", "cmake", "ninja"):
        require(tool, "build for a board of Arm's FVPs")
    if not {"ZEPHYR_TOOLCHAIN_VARIANT", "ZEPHYR_SDK_INSTALL_DIR"} & os.environ.keys():
        pytest.skip("a toolchain for Arm is not named; set ZEPHYR_TOOLCHAIN_VARIANT")
    given: dict[str, Any] = {"board": "mps3_an547", "use_fvp": True}
    names = [zephyr_base / f"boards/arm/{name}/board.cmake" for name in ("mps3", "mps3_an547")]
    file = next((path for path in names if path.exists()), None)
    if file is None or "armfvp" not in file.read_text():
        pytest.skip("this Zephyr has no board of Arm's Corstone-300 that an FVP models")
    if file.parent.name == "mps3" and when == "opened":
        given = {"board": "mps3/corstone300/fvp"}  # which nothing else emulates
    elif file.parent.name == "mps3_an547":
        # Newlib, which releases before 3.2 take, may have no hard floating point for this core.
        extra = {"boards/mps3_an547.conf": b"CONFIG_FPU=n\n"}
        given["extra_files_tar"] = str(tiny_model.write_tar(tmp_path / "extra.tar", extra))
    machine = "qemu-system-arm -machine mps3-an547 -display none -monitor none -serial stdio"
    program = fvp(FAKE_FVP_RUNS=f"{machine} -kernel {{application}}")
    if when == "built":
        monkeypatch.setenv("ARMFVP_BIN_PATH", str(program.parent))
    project = microtvm.generate_project_from_mlf(
        zephyr_template, tmp_path / "project", archive, given
    )
    with project:
        project.build()
        project.flash()
        cache = ZephyrBuild(tmp_path / "project", tmp_path / "project/build").cache()
        monkeypatch.delenv("ARMFVP_BIN_PATH", raising=False)
        if when == "built":
            assert cache["ARMFVP"] == str(program)
        else:
            assert cache["ARMFVP"].endswith("-NOTFOUND")
            project.options = {**given, "arm_fvp_path": str(program)}
        with microtvm.Session(project.transport()) as session:
            assert y(session, 4.0) == [9.0] * 4
            values = np.random.default_rng(0).integers(0, 256, 4096, np.uint8)
            np.testing.assert_array_equal(session.array(values).numpy(), values)
