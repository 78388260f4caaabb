# SPDX-License-Identifier: Apache-2.0
"""The template without Zephyr: what it writes, and how it calls the real west."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any, Callable

import pytest

from microtvm.cli.device_clock import device_line, read_clock
from microtvm.rpc.benchmark import BenchmarkResult
from tests.crt import archives
from tests.server_kit.pipe_driver import PYTHON, PipeDriver, ReplyError
from tests.templates import tiny_model
from tests.zephyr.tiny_zephyr import BUILD_LEAVES, OLD_BOARDS, TinyZephyr

Generate = Callable[..., pathlib.Path]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ReplyError) as caught:
        call()
    assert caught.value.code == -32000
    return caught.value.message


@pytest.mark.parametrize(
    ("given", "built_for"),
    [
        ("nucleo_f746zg", "nucleo_f746zg"),
        ("nucleo_f746zg/stm32f746xx", "nucleo_f746zg/stm32f746xx"),
        ("nrf5340dk@2.0.0/nrf5340/cpuapp/ns", "nrf5340dk@2.0.0/nrf5340/cpuapp/ns"),
        ("nrf5340dk//cpunet", "nrf5340dk//cpunet"),
        ("native_sim//64", "native_sim//64"),
        ("nrf5340dk_nrf5340_cpuapp", "nrf5340dk/nrf5340/cpuapp"),
        ("mps2_an385", "mps2/an385"),
        ("mps2_an521", "mps2/an521/cpu0"),
        ("native_posix", "native_sim"),
        ("native_posix_64", "native_sim/native/64"),
        ("nrf5340dk_nrf5340_cpuapp_ns@2.0.0", "nrf5340dk@2.0.0/nrf5340/cpuapp/ns"),
        ("nrf5340dk_nrf5340_cpuapp@2.0.0", "nrf5340dk@2.0.0/nrf5340/cpuapp"),
    ],
)
def test_boards_by_any_name(
    generate: Generate, tiny_zephyr: TinyZephyr, given: str, built_for: str
) -> None:
    project = generate(board=given, zephyr_base=str(tiny_zephyr.base))
    assert json.loads((project / "project.json").read_text())["board"] == built_for


@pytest.mark.parametrize(
    ("board", "said"),
    [
        ("nucleo_f764zg", "does not know (did you mean 'nucleo_f746zg'?)"),
        ("nrf5340dk", "allowed are nrf5340dk/nrf5340/cpuapp, nrf5340dk/nrf5340/cpuapp/ns, nrf5340"),
        ("mps2/an386", "allowed are mps2/an385, mps2/an521/cpu0"),
        ("--help", "does not know; `west boards` lists them all"),
        (None, "option 'board' is required"),
    ],
)
def test_boards_that_are_not_there(
    generate: Generate, tiny_zephyr: TinyZephyr, tmp_path: pathlib.Path, board: str, said: str
) -> None:
    assert said in refused(lambda: generate(board=board, zephyr_base=str(tiny_zephyr.base)))
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("given", "built_for"),
    [
        ("mps2_an521", "mps2_an521"),
        ("mps2/an521/cpu0", "mps2_an521"),
        ("native_sim/native/64", "native_posix_64"),
        ("nrf9160dk_nrf9160_ns@0.14.0", "nrf9160dk_nrf9160_ns@0.14.0"),
        ("nrf9160dk@0.14.0/nrf9160/ns", "nrf9160dk_nrf9160_ns@0.14.0"),
    ],
)
def test_a_tree_where_names_say_all(
    generate: Generate, tiny_zephyr: TinyZephyr, given: str, built_for: str
) -> None:
    tiny_zephyr.change(boards=OLD_BOARDS, has_qualifiers=False)
    base = str(tiny_zephyr.base)
    project = generate(board=given, zephyr_base=base)
    assert json.loads((project / "project.json").read_text())["board"] == built_for
    formats = [call[-1] for call in tiny_zephyr.calls("boards")]
    assert formats == ["{name}|{qualifiers}|{dir}", "{name}||{dir}"]
    said = refused(lambda: generate("other", board="mps2/an385", zephyr_base=base))
    assert "did you mean 'mps2_an521'?" in said


def test_no_zephyr(generate: Generate, tmp_path: pathlib.Path) -> None:
    said = refused(lambda: generate(board="qemu_cortex_m3", zephyr_base=str(tmp_path)))
    assert "holds no Zephyr (a VERSION file" in said and "ZEPHYR_BASE" in said
    old = TinyZephyr(tmp_path / "old", version=(2, 5))
    said = refused(lambda: generate(board="qemu_cortex_m3", zephyr_base=str(old.base)))
    assert "holds Zephyr 2.5; 2.6 and later work here" in said


def test_what_is_written(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    project = generate(
        board="nucleo_f746zg",
        zephyr_base=str(tiny_zephyr.base),
        compile_definitions="-DA=1 -DB",
        config_main_stack_size="8000",
        warning_as_error=True,
    )
    assert not [path for path in project.rglob("*") if path.is_symlink()]
    assert (project / "prj.conf").read_text().splitlines()[1:] == [
        "CONFIG_SERIAL=y",
        "CONFIG_BOOT_BANNER=n",
        "CONFIG_MAIN_STACK_SIZE=8000",
        "# The console's UART is the wire to the host.",
        "CONFIG_UART_CONSOLE=n",
    ]
    assert (project / "settings.cmake").read_text().splitlines()[1:] == [
        "set(PROGRAM main_host_driven)",
        "set(RUNTIME device_kit)",
        "set(TVM_CRT_RPC OFF)",
        "set(TVM_WORKSPACE_BYTES 0)",
        "set(POOL_BYTES 176)",
        "set(POOL_HAS_SPARE 1)",
        'set(COMPILE_DEFINITIONS "A=1" "B")',
        "set(WARNING_AS_ERROR ON)",
    ]
    given = generate(
        "second",
        board="mps2/an385",
        workspace_size_bytes=5000,
        zephyr_base=str(tiny_zephyr.base),
        project_type="standalone",
    )
    assert "set(POOL_BYTES 5000)\nset(POOL_HAS_SPARE 0)" in (given / "settings.cmake").read_text()
    configuration = (given / "prj.conf").read_text()
    assert "UART_CONSOLE" not in configuration and "CONFIG_CBPRINTF_FP_SUPPORT=y" in configuration


@pytest.fixture()
def crt(tmp_path: pathlib.Path) -> str:
    """The files by which TVM's standalone C runtime is known."""
    for name in ("include/tvm/runtime/crt/platform.h", "src/runtime/crt/common/crt_runtime_api.c"):
        path = tmp_path / "standalone_crt" / name
        path.parent.mkdir(parents=True)
        path.touch()
    return str(tmp_path / "standalone_crt")


@pytest.mark.parametrize("project_type", ["host_driven", "standalone", "mlperftiny"])
def test_an_archive_of_tvm_that_needs_no_c_plus_plus(
    generate: Generate,
    tiny_zephyr: TinyZephyr,
    archive: pathlib.Path,
    crt: str,
    project_type: str,
) -> None:
    archives.c_interface(archive, (0, 18))
    base = str(tiny_zephyr.base)
    project = generate(board="mps2/an385", crt=crt, project_type=project_type, zephyr_base=base)
    settings = (project / "settings.cmake").read_text()
    assert f"(PROGRAM main_{project_type})\nset(RUNTIME tvm_crt)\nset(TVM_CRT_RPC OFF)" in settings
    assert "MICROTVM_CPP" not in (project / "prj.conf").read_text()
    assert "tvmgen_default_run(&given" in (project / "src/model_descriptor.c").read_text()
    assert (project / "crt/include/tvm/runtime/crt/platform.h").exists()
    said = refused(lambda: generate("other", board="mps2/an385", zephyr_base=base))
    assert "needs TVM's standalone C runtime" in said


def test_an_archive_of_tvm_that_is_served_by_tvm(
    generate: Generate, tiny_zephyr: TinyZephyr, archive: pathlib.Path, crt: str
) -> None:
    archives.operator(archive, (0, 18))
    options = {"board": "mps2/an385", "zephyr_base": str(tiny_zephyr.base)}
    project = generate(crt=crt, workspace_size_bytes=20_000, **options)
    settings = (project / "settings.cmake").read_text()
    assert "(PROGRAM main_tvm_host_driven)\nset(RUNTIME tvm_crt)\nset(TVM_CRT_RPC ON)" in settings
    assert "set(TVM_WORKSPACE_BYTES 20000)" in settings
    assert "CONFIG_MICROTVM_CPP=y" in (project / "prj.conf").read_text()
    assert not (project / "src/model_descriptor.c").exists()
    said = refused(lambda: generate("other", crt=crt, workspace_size_bytes=10_000, **options))
    assert "'workspace_size_bytes' was given 10000; allowed is 16384" in said
    program = generate(
        "program", crt=crt, project_type="standalone", workspace_size_bytes=4096, **options
    )
    assert "MICROTVM_CPP" not in (program / "prj.conf").read_text()


@pytest.mark.parametrize("symbol", ["UART_NATIVE_PTY_0_ON_STDINOUT", "NATIVE_UART_0_ON_STDINOUT"])
@pytest.mark.parametrize("project_type", ["host_driven", "standalone"])
def test_the_option_of_this_release(
    generate: Generate, tiny_zephyr: TinyZephyr, symbol: str, project_type: str
) -> None:
    kconfig = tiny_zephyr.base / "drivers/serial/Kconfig.native"
    kconfig.write_text(f"config {symbol}\n\tbool\n\tdepends on X\n")
    base = str(tiny_zephyr.base)
    options = {"project_type": project_type, "zephyr_base": base}
    native = generate("native", board="native_sim/native/64", **options)
    assert f"CONFIG_{symbol}=y" in (native / "prj.conf").read_text()
    other = generate("other", board="nucleo_f746zg", zephyr_base=base)
    assert "STDINOUT" not in (other / "prj.conf").read_text()


def test_build_from_nothing_only_for_another_board_or_tree(
    generate: Generate, tiny_zephyr: TinyZephyr
) -> None:
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    mark = project / "build" / "mark"
    with PipeDriver(project) as server:
        server.call("build")
        mark.touch()
        server.call("build", options={"verbose": True})
    assert mark.exists()
    wanted = ["--board=nucleo_f746zg", f"--build-dir={project / 'build'}", str(project)]
    assert tiny_zephyr.calls("build") == [wanted, wanted]
    (project / "boards").mkdir()
    (project / "boards" / "nucleo_f746zg.conf").write_text("CONFIG_FPU=y\n")
    with PipeDriver(project) as server:
        server.call("build")
        assert not mark.exists(), "CMake would not have seen the new file"
        mark.touch()
        server.call("build")
    assert mark.exists()
    with PipeDriver(project, env={"ZEPHYR_TOOLCHAIN_VARIANT": "another"}) as server:
        server.call("build")
    assert not mark.exists()
    footprint = json.loads((project / "build" / "footprint.json").read_text())
    assert footprint["firmware"] is None


@pytest.mark.parametrize(
    ("option", "given", "says"),
    [
        ("west_cmd", "'python3 -m west", "No closing quotation"),
        ("west_cmd", "no-such-west -v", "which cannot be run"),
        ("config_main_stack_size", -5, "allowed is a number of bytes, 4096 by default"),
        ("config_main_stack_size", 1 << 33, "268435456 at most"),
        ("board", "nucleo_f746zg@'1'", "a board is NAME, NAME@REVISION or"),
        ("board", "NUCLEO_F746ZG", "did you mean 'nucleo_f746zg"),
    ],
)
def test_options_that_cannot_be(
    generate: Generate, tiny_zephyr: TinyZephyr, option: str, given: Any, says: str
) -> None:
    options = {"board": "nucleo_f746zg", "zephyr_base": str(tiny_zephyr.base), option: given}
    said = refused(lambda: generate(**options))
    assert f"option '{option}' was given {given!r}" in said and says in said


def test_a_path_that_zephyr_cannot_take(
    generate: Generate, tiny_zephyr: TinyZephyr, tmp_path: pathlib.Path
) -> None:
    """Neither where it is generated nor where it was moved."""
    options = {"board": "nucleo_f746zg", "zephyr_base": str(tiny_zephyr.base)}
    said = refused(lambda: generate("a project", **options))
    assert "Zephyr cannot build in '" in said and "a project': its path holds ' ';" in said
    moved = generate("project", **options).rename(tmp_path / "two (2)")
    with PipeDriver(moved) as server:
        said = refused(lambda: server.call("build"))
    assert "two (2)': its path holds ' ' and '(' and ')';" in said


def test_a_build_that_fails_says_why(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    said_by_kconfig = (
        "warning: FPU (defined at arch/Kconfig:1) was assigned the value 'y'\nbut got 'n'.\n\n"
        "error: Aborting due to Kconfig warnings\nFATAL ERROR: command exited with status 1"
    )
    tiny_zephyr.change(build_says=said_by_kconfig)
    with PipeDriver(project) as server:
        said = refused(lambda: server.call("build"))
        assert "west failed (exit status 1)" in said
        assert "FPU (defined at arch/Kconfig:1) was assigned the value 'y' but got 'n'" in said
        assert str(project / "build" / "build.log") in said
        assert f"repeat with: cd {project} && " in said
        tiny_zephyr.change(build_says="main.c:3:1: error: expected ';'\nninja: build stopped")
        assert "main.c:3:1: error: expected ';'" in refused(lambda: server.call("build"))
        assert "call build first" in refused(lambda: server.call("flash"))
        assert "call build first" in refused(lambda: server.call("open_transport"))


@pytest.mark.parametrize(
    ("first_message", "hint"),
    [
        ("ld: region `RAM' overflowed by 19512 bytes", "less of it given as workspace_size_bytes"),
        ("ld: region `FLASH' overflowed by 4 bytes", "a smaller model: one of int8, say"),
        (
            "nucleo_f746zg.dts:9:10: fatal error: st/f7/stm32f746zgtx-pinctrl.dtsi: No such file",
            "run: west update",
        ),
        (
            "CMake Error at zephyr/modules/cmsis_6/CMakeLists.txt:5 (add_subdirectory):",
            "run: west update",
        ),
        (
            "stdint.h:26:10: fatal error: bits/libc-header-start.h: No such file or directory",
            "native_sim/native/64",
        ),
        (
            "CMake Error at cmake/modules/FindZephyr-sdk.cmake:159 (find_package):",
            "microtvm doctor --template zephyr",
        ),
    ],
)
def test_a_build_that_fails_says_what_to_do(
    first_message: str, hint: str, generate: Generate, tiny_zephyr: TinyZephyr
) -> None:
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    tiny_zephyr.change(build_says=first_message)
    with PipeDriver(project) as server:
        said = refused(lambda: server.call("build"))
    assert first_message in said and hint in said


@pytest.mark.parametrize(
    ("variant", "architecture", "hint"),
    [
        ("host", "arm", "'host', which compiles for this machine, and the board's architecture"),
        ("cross-compile", "posix", "'cross-compile', and the board is this machine; set it to 'ho"),
        ("host", "posix", None),
        ("cross-compile", "arm", None),
    ],
)
def test_a_compiler_for_other_boards(
    variant: str,
    architecture: str,
    hint: str | None,
    generate: Generate,
    tiny_zephyr: TinyZephyr,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GCC's message is one of its files or options, another for each release."""
    monkeypatch.setenv("ZEPHYR_TOOLCHAIN_VARIANT", variant)
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    message = "gcc: fatal error: cannot read spec file 'picolibc.specs': No such file or directory"
    tiny_zephyr.change(
        build_leaves={"zephyr/.config": f'CONFIG_ARCH="{architecture}"\n'}, build_says=message
    )
    with PipeDriver(project) as server:
        said = refused(lambda: server.call("build"))
    assert message in said and (hint in said if hint else "VARIANT" not in said)


def test_python_packages_that_west_s_python_lacks(
    generate: Generate,
    tiny_zephyr: TinyZephyr,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """West itself ends in an AttributeError then, which says nothing."""
    (tmp_path / "elftools.py").write_text("raise ImportError('not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with open(tiny_zephyr.base / "commands.py", "a") as program:
        program.write("import elftools\n")
    base = str(tiny_zephyr.base)
    said = refused(lambda: generate(board="nucleo_f746zg", zephyr_base=base))
    python = f"{sys.executable} -m pip install -r {base}/scripts/requirements-base.txt"
    assert "Zephyr's scripts want elftools, which " in said and python in said
    assert "has no attribute 'err'" in said, "West says more now"
    assert not (tmp_path / "project").exists()


def test_what_qemu_counts(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    """Times are not those of a chip, and `microtvm run` says so."""
    leaves = {
        **BUILD_LEAVES,
        "zephyr/.config": "CONFIG_QEMU_ICOUNT=y\nCONFIG_QEMU_ICOUNT_SHIFT=6\n",
    }
    tiny_zephyr.change(build_leaves=leaves)
    project = generate(board="qemu_cortex_m3", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
    clock = read_clock(project)
    assert clock.counts_instructions and clock.ns_per_instruction == 64
    facts = clock.facts(BenchmarkResult([0.001, 0.003]))
    assert device_line(facts, clock) == (
        "on device   2.0000 ms per inference, 1.0000 to 3.0000, as the emulator counts "
        "instructions: 64 ns each"
    )


def test_all_that_overflowed_is_named(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    regions = [f"region `{name}' overflowed by 8 bytes" for name in ("FLASH", "RAM")]
    tiny_zephyr.change(build_says="\n".join(f"ld: {region}" for region in regions))
    with PipeDriver(project) as server:
        said = refused(lambda: server.call("build"))
    assert all(region in said for region in regions)
    assert "a smaller model" in said and "workspace_size_bytes" in said


def test_microtvm_run_on_a_project_that_answers_another_runner(
    generate: Generate, tiny_zephyr: TinyZephyr, tmp_path: pathlib.Path
) -> None:
    base = str(tiny_zephyr.base)
    project = generate(board="nucleo_f746zg", zephyr_base=base, project_type="mlperftiny")
    done = subprocess.run(
        [sys.executable, "-m", "microtvm", "run", str(project), "--inputs", "in.npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "answers the runner of MLPerf Tiny" in done.stderr


def test_a_port_and_its_speed(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    from zephyr_kit.build import ZephyrBuild

    if subprocess.run([PYTHON, "-c", "import serial"], capture_output=True, check=False).returncode:
        pytest.skip(f"PySerial is missing in {PYTHON}; it is needed to open ports")
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        said = refused(lambda: server.call("open_transport", options={"port": "/dev/no-port"}))
        assert "the port /dev/no-port cannot be opened at 1000000 baud" in said
        options = {"port": "/dev/no-port", "baudrate": 9600}
        assert "at 9600 baud" in refused(lambda: server.call("open_transport", options=options))
        options = {"serial_number": "no such board"}
        said = refused(lambda: server.call("open_transport", options=options))
        assert "no serial port fits serial number no such board; attached:" in said
    assert ZephyrBuild(project, project / "nowhere").console_baudrate() is None


def test_what_works_elsewhere_only(
    zephyr_template: pathlib.Path,
    generate: Generate,
    tiny_zephyr: TinyZephyr,
    archive: pathlib.Path,
) -> None:
    base = str(tiny_zephyr.base)
    with PipeDriver(zephyr_template) as server:
        assert "call generate_project first" in refused(lambda: server.call("build"))
    project = generate(board="qemu_cortex_m3", project_type="standalone", zephyr_base=base)
    with PipeDriver(project) as server:
        assert "standalone project has no RPC server" in refused(
            lambda: server.call("open_transport")
        )
    tiny_model.write_archive(archive, abi="device_kit.9")
    said = refused(lambda: generate("other", board="qemu_cortex_m3", zephyr_base=base))
    assert "device_kit.9" in said
