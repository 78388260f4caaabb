# SPDX-License-Identifier: Apache-2.0
"""Flashing: the real west, in a workspace of our own; with ZEPHYR_BASE, Zephyr's own runners with
stand-ins for the tools they call."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
from typing import Any, Callable

import pytest

import microtvm
from server_kit.boards import ports
from server_kit.boards.device_lock import DeviceLock
from server_kit.errors import OptionError, ProjectError, ToolError
from tests.server_kit.pipe_driver import PYTHON, PipeDriver, ReplyError
from tests.templates import tiny_model
from tests.zephyr import usb_listings as usb
from tests.zephyr.tiny_zephyr import BUILD_LEAVES, TinyZephyr
from zephyr_kit import flash
from zephyr_kit.chosen_board import ChosenBoard
from zephyr_kit.runners import choosing_arguments, split_arguments
from zephyr_kit.west import West

Generate = Callable[..., pathlib.Path]

FAKE_TOOL = pathlib.Path(__file__).parent / "fake_tool.py"
TOOLS = (
    *("JLinkExe", "LinkServer", "STM32_Programmer_CLI", "arm-gdb", "bossac", "dfu-util"),
    *("esptool", "nrfjprog", "nrfutil", "openocd", "probe-rs", "pyocd", "stm32flash", "stty"),
)
ANY_BOARD = ChosenBoard(None, None, lambda: "/dev/not-asked-for", ())


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ReplyError) as caught:
        call()
    assert caught.value.code == -32000
    return caught.value.message


def board(serial: str | None = None, port: str | None = None, *vendors: str) -> ChosenBoard:
    return ChosenBoard(serial, port, lambda: "/dev/ttyACM7", vendors)


# What a runner makes of a board.


@pytest.mark.parametrize(
    ("runner", "known", "arguments"),
    [
        ("nrfjprog", ["--dev-id", "--snr"], ["--dev-id=960012345"]),
        ("nrfjprog", ["--snr"], ["--snr=960012345"]),
        ("jlink", ["--tool-opt"], ["--tool-opt=-USB 960012345"]),
        ("pyocd", ["--board-id"], ["--board-id=960012345"]),
        ("linkserver", ["--dev-id", "--probe"], ["--probe=000960012345"]),
        ("stm32cubeprogrammer", ["--tool-opt"], ["--tool-opt=sn=000960012345"]),
        ("esp32", ["--esp-device"], ["--esp-device=/dev/ttyACM7"]),
        ("bossac", ["--bossac-port"], ["--bossac-port=/dev/ttyACM7"]),
        ("of a module", ["--dev-id"], ["--dev-id=000960012345"]),
    ],
)
def test_each_runner_is_told_in_its_own_way(
    runner: str, known: list[str], arguments: list[str]
) -> None:
    assert choosing_arguments(runner, set(known), board("000960012345"), []) == arguments
    assert choosing_arguments(runner, set(known), board(), []) == []


def test_openocd_is_told_after_its_configuration_and_not_by_its_flag_serial() -> None:
    known = {"--serial", "--cmd-pre-init"}
    (argument,) = choosing_arguments("openocd", known, board("066BFF"), [])
    assert argument.startswith("--cmd-pre-init=if {[catch {adapter serial 066BFF}]")


@pytest.mark.parametrize("runner", ["dfu-util", "uf2", "teensy", "canopen", "of a module"])
def test_runners_that_cannot_choose_by_serial_number(runner: str) -> None:
    known = {"--dev-id", "--board-id"} if runner != "of a module" else {"--serial-mode"}
    with pytest.raises(ProjectError, match=f"the runner {runner} of this Zephyr cannot choose"):
        choosing_arguments(runner, known, board("1"), [])
    assert choosing_arguments(runner, known, board(None, "/dev/ttyACM0"), []) == []


@pytest.mark.parametrize(
    ("port", "vendors", "serial", "first"),
    [
        ("/dev/ttyACM0", ["0483"], usb.TWO_NUCLEOS[0].serial_number, "/dev/ttyACM0"),
        ("/dev/ttyACM1", ["0483"], usb.TWO_NUCLEOS[1].serial_number, "/dev/ttyACM1"),
        ("/dev/ttyACM1", ["1366"], None, "/dev/ttyACM1"),  # an adapter beside the probe
        ("socket://lab:5000", ["0483"], None, "socket://lab:5000"),
        ("/dev/ttyS0", ["0483"], None, "/dev/ttyS0"),
    ],
)
def test_the_port_says_which_board(
    port: str,
    vendors: list[str],
    serial: str | None,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "list_ports", lambda: usb.TWO_NUCLEOS)
    chosen = board(None, port, *vendors)
    assert (chosen.serial(), chosen.port(), chosen.first_port()) == (serial, port, first)


def test_ports_of_a_probe_with_several(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = [
        ports.Port("/dev/ttyACM8", 0x1D50, 0x6018, "79A1", "1-7:1.2"),
        ports.Port("/dev/ttyACM7", 0x1D50, 0x6018, "79A1", "1-7:1.0"),
        *usb.NUCLEO,
    ]
    monkeypatch.setattr(ports, "list_ports", lambda: probe)
    known = {"--gdb-serial"}
    for chosen in (board(None, "/dev/ttyACM8"), board("79A1")):
        arguments = choosing_arguments("blackmagicprobe", known, chosen, [])
        assert arguments == ["--gdb-serial=/dev/ttyACM7"]
    known = {"--dev-id"}
    assert choosing_arguments("probe-rs", known, board("79A1"), []) == ["--dev-id=1d50:6018:79A1"]
    whole = choosing_arguments("probe-rs", known, board("0483:374b:1"), [])
    assert whole == ["--dev-id=0483:374b:1"]
    monkeypatch.setattr(ports, "list_ports", list)
    with pytest.raises(ProjectError, match="give the option serial_number as VID:PID:SERIAL"):
        choosing_arguments("probe-rs", known, board("79A1"), [])


def test_a_serial_number_is_no_command() -> None:
    for text in ("1}; exec rm {", "a b", "[exit]", "$x", ""):
        with pytest.raises(OptionError, match="option 'serial_number' was given"):
            board(text)


# The user's own arguments.


@pytest.mark.parametrize(
    "given",
    [
        "--dev-id 1",
        "--dev-id=1",
        "-i 1",
        "-i1",
        "--snr=1",
        "--serial 1",
        "--esp-device=/dev/ttyUSB0",
        "--cmd-pre-init 'hla_serial 1'",
        "--cmd-pre-init='adapter serial 1'",
        "--tool-opt='-SelectEmuBySN 1'",
        "--tool-opt sn=1",
    ],
)
def test_a_board_chosen_twice(given: str) -> None:
    words = split_arguments(given)
    with pytest.raises(OptionError, match="chosen twice: by the option serial_number=7 and by '"):
        choosing_arguments("openocd", {"--cmd-pre-init"}, board("7"), words)
    # Where only the port of the console is said too, the user's own argument is what counts.
    chosen = board(None, "/dev/ttyACM0")
    assert choosing_arguments("esp32", {"--esp-device"}, chosen, words) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--cmd-pre-init 'adapter", "No closing quotation"),
        ("-r jlink", "given '-r'; leave it out: the option runner names the runner"),
        ("--build-dir=/tmp", "given '--build-dir=/tmp'; leave it out"),
        ("--context", "flashes nothing"),
    ],
)
def test_arguments_that_are_not_a_runner_s(given: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        split_arguments(given)


def test_the_user_s_arguments_come_last_and_as_a_shell_reads_them(
    generate: Generate, tiny_zephyr: TinyZephyr
) -> None:
    tiny_zephyr.change(flash_context="  -i DEV_ID, --dev-id DEV_ID\n  --cmd-pre-init CMD\n")
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        given = {"runner_args": '--cmd-pre-init "adapter speed 500" --erase', "serial_number": "7"}
        server.call("flash", options=given)
        *_, ours, flag, speed, erase = tiny_zephyr.calls("flash")[-1]
        assert ours.startswith("--cmd-pre-init=") and "{adapter serial 7}" in ours
        assert [flag, speed, erase] == ["--cmd-pre-init", "adapter speed 500", "--erase"]
        given = {"serial_number": "7", "nrfjprog_snr": "8"}
        said = refused(lambda: server.call("flash", options=given))
        assert "chosen twice: by serial_number=7 and nrfjprog_snr=8; give one of them" in said
        server.call("flash", options={"serial_number": "7", "openocd_serial": "7"})


# The server.


def test_a_port_that_is_not_there_yet(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    if subprocess.run([PYTHON, "-c", "import serial"], capture_output=True, check=False).returncode:
        pytest.skip(f"PySerial is missing in {PYTHON}; it is needed to look for ports")
    yaml = "runners:\n- uf2\n- jlink\n\nflash-runner: uf2\n"
    tiny_zephyr.change(build_leaves={**BUILD_LEAVES, "zephyr/runners.yaml": yaml})
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        given = {"port": "dead:beef"}
        server.call("flash", options=given)  # its bootloader has none
        said = refused(lambda: server.call("flash", options={**given, "runner": "jlink"}))
        assert "no serial port fits dead:beef" in said


@pytest.mark.parametrize(
    ("context", "options", "argument"),
    [
        ("  -i DEV_ID, --dev-id DEV_ID\n", {}, None),
        ("  --tool-opt OPTION\n", {"serial_number": "123"}, "--tool-opt=sn=123"),
        ("  --tool-opt OPTION\n", {"nrfjprog_snr": "123"}, "--tool-opt=sn=123"),
        ("  --tool-opt OPTION\n", {"openocd_serial": "123"}, "--tool-opt=sn=123"),
    ],
)
def test_flash_chooses_the_board_by_the_runner_s_means(
    generate: Generate,
    tiny_zephyr: TinyZephyr,
    context: str,
    options: dict[str, str],
    argument: str | None,
) -> None:
    tiny_zephyr.change(flash_context=context)
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        server.call("flash", options={"runner": "stm32cubeprogrammer", **options})
    base = [f"--build-dir={project / 'build'}", "--runner=stm32cubeprogrammer"]
    arguments = [argument] if argument else []
    wanted = [[*base, "--context", "--skip-rebuild"], [*base, *arguments]]
    assert tiny_zephyr.calls("flash") == wanted


@pytest.mark.parametrize("port", ["/dev/no-such-port", "rfc2217://lab:4000"])
def test_a_runner_that_chooses_by_port_gets_the_one_given(
    generate: Generate, tiny_zephyr: TinyZephyr, port: str
) -> None:
    leaves = {**BUILD_LEAVES, "zephyr/runners.yaml": "runners:\n- esp32\n\nflash-runner: esp32\n"}
    tiny_zephyr.change(build_leaves=leaves, flash_context="  --esp-device ESP_DEVICE\n")
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        server.call("flash", options={"port": port, "serial_number": "7"})
        assert tiny_zephyr.calls("flash")[-1][2:] == [f"--esp-device={port}"]
        server.call("flash")
        assert tiny_zephyr.calls("flash")[-1][2:] == []


def test_runners(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    tiny_zephyr.change(flash_context="nothing")
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        server.call("flash", options={"runner": "stm32cubeprogrammer"})
        assert "--runner=stm32cubeprogrammer" in tiny_zephyr.calls("flash")[-1]
        said = refused(lambda: server.call("flash", options={"runner": "jlink"}))
        assert "this board's runners are stm32cubeprogrammer, openocd" in said
        said = refused(lambda: server.call("flash", options={"serial_number": "1"}))
        assert "cannot choose among boards by serial number" in said
        with DeviceLock("1"):
            said = refused(lambda: server.call("flash", options={"serial_number": "1"}))
        assert f"the device 1 is in use by process {os.getpid()}" in said


def test_a_protected_chip_is_recovered_once(generate: Generate, tiny_zephyr: TinyZephyr) -> None:
    protected = "ERROR: readback protection is enabled. Use --recover to unlock the device."
    context = "  -i DEV_ID, --dev-id DEV_ID\n  --recover   erase\n"
    tiny_zephyr.change(flash_context=context, flash_says=[protected])
    project = generate(board="nucleo_f746zg", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        server.call("flash")
        assert "--recover" in tiny_zephyr.calls("flash")[-1]
        tiny_zephyr.change(flash_says=["", protected, protected, protected])
        (tiny_zephyr.base / "attempts").write_text("x")
        assert "readback protection" in refused(lambda: server.call("flash"))
        assert ["--recover" in call for call in tiny_zephyr.calls("flash")][-2:] == [False, True]
        # What also names the flag, but is no protection, erases nothing.
        uicr = "ERROR: UICR may need an erase. Run west flash again with --erase, or --recover."
        tiny_zephyr.change(flash_says=[uicr, uicr])
        (tiny_zephyr.base / "attempts").unlink()
        assert "UICR may need an erase" in refused(lambda: server.call("flash"))
    assert "--recover" not in tiny_zephyr.calls("flash")[-1]


def test_a_tool_that_hangs_is_tried_again(
    tiny_zephyr: TinyZephyr, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash, "TIMEOUT_SEC", 3.0)
    west = West(None, tiny_zephyr.base)
    protected = "ERROR: readback protection is enabled"
    context = "  --recover   erase\n"
    tiny_zephyr.change(flash_context=context, flash_says=["hang", protected])
    monkeypatch.setattr(flash, "ATTEMPTS", 2)
    flash.flash(west, tmp_path, tmp_path, "openocd", ANY_BOARD)
    assert ["--recover" in call for call in tiny_zephyr.calls("flash")[1:]] == [False, False, True]
    tiny_zephyr.change(flash_says=["hang"] * 9)
    monkeypatch.setattr(flash, "ATTEMPTS", 1)
    with pytest.raises(ToolError, match="did not end within"):
        flash.flash(west, tmp_path, tmp_path, "openocd", ANY_BOARD)


def test_nothing_is_flashed_to_an_emulated_board(
    generate: Generate, tiny_zephyr: TinyZephyr
) -> None:
    leaves = {name: text for name, text in BUILD_LEAVES.items() if "runners" not in name}
    tiny_zephyr.change(build_leaves=leaves)
    project = generate(board="qemu_cortex_m3", zephyr_base=str(tiny_zephyr.base))
    with PipeDriver(project) as server:
        server.call("build")
        server.call("flash")
        server.hang_up()
        assert "nothing to flash: qemu_cortex_m3 is emulated" in server.wait()
    assert tiny_zephyr.calls("flash") == []


# Zephyr's own runners, of the release that ZEPHYR_BASE names.

# What board.cmake files give the runners, as a build writes it down.
RUNNERS_YAML = """\
runners: [{names}]
flash-runner: pyocd
debug-runner: pyocd
config:
  board_dir: {board_dir}
  elf_file: zephyr.elf
  hex_file: zephyr.hex
  bin_file: zephyr.bin
  openocd: {openocd}
args:
{args}
"""
GIVEN_BY_BOARDS = {
    "blackmagicprobe": [],
    "bossac": [],
    "dfu-util": ["--pid=0483:df11", "--alt=0", "--dfuse"],
    "esp32": ["--esp-idf-path={tools}/esp-idf"],
    "jlink": ["--dt-flash=y", "--device=Cortex-M33"],
    "linkserver": ["--dt-flash=y", "--device=LPC55S69:LPCXpresso55S69", "--core=cm33_core0"],
    "nrfjprog": ["--nrf-family=NRF52"],
    "nrfutil": ["--nrf-family=NRF52"],
    "openocd": ["--cmd-load", "flash write_image erase", "--cmd-verify", "verify_image"],
    "probe-rs": ["--chip=STM32F746ZG"],
    "pyocd": ["--target=musca_b1"],
    "stm32cubeprogrammer": ["--port=swd", "--cli={tools}/STM32_Programmer_CLI"],
    "stm32flash": ["--baud-rate=115200"],
}
SERIAL = "000960012345"


class RealRunners:
    """A real build, whose board is said to have every runner of its Zephyr, with stand-ins for the
    tools these call."""

    def __init__(self, project: pathlib.Path, base: pathlib.Path, tools: pathlib.Path) -> None:
        self.project, self._base, self._log = project, base, tools / "calls.jsonl"
        folder = base / "scripts" / "west_commands" / "runners"
        files = {path.stem.replace("_", "-") for path in folder.glob("*.py")}
        self.names = [name for name in GIVEN_BY_BOARDS if {name, name.split("-")[0]} & files]
        args = "".join(
            f"  {name}: {[arg.format(tools=tools) for arg in GIVEN_BY_BOARDS[name]]}\n"
            for name in self.names
        )
        yaml = project / "build" / "zephyr" / "runners.yaml"
        names = ", ".join(self.names)
        yaml.write_text(
            RUNNERS_YAML.format(
                names=names, board_dir=tools / "board", openocd=tools / "openocd", args=args
            )
        )

    def calls(self, runner: str, chosen: ChosenBoard, given: str = "") -> list[list[str]]:
        """Flash; how the tools were called meanwhile."""
        if runner not in self.names:
            pytest.skip(f"the Zephyr in {self._base} has no runner {runner}")
        self._log.unlink(missing_ok=True)
        west, build = West(None, self._base), self.project / "build"
        flash.flash(west, self.project, build, runner, chosen, split_arguments(given))
        return self.so_far()

    def so_far(self) -> list[list[str]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@pytest.fixture(scope="module")
def real_build(
    zephyr_template: pathlib.Path,
    zephyr_base: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
    require: Callable[..., str],
) -> pathlib.Path:
    """A project for a board that needs no code but Zephyr's, built."""
    require("west", "build and flash")
    if not {"ZEPHYR_TOOLCHAIN_VARIANT", "ZEPHYR_SDK_INSTALL_DIR"} & os.environ.keys():
        pytest.skip("a toolchain for Arm is not named; set ZEPHYR_TOOLCHAIN_VARIANT")
    directory = tmp_path_factory.mktemp("flash")
    archive = tiny_model.write_archive(directory / "tiny.tar")
    options = {"board": "v2m_musca_b1"}
    with microtvm.generate_project_from_mlf(
        zephyr_template, directory / "project", archive, options
    ) as project:
        project.build()
    return directory / "project"


@pytest.fixture()
def real(
    real_build: pathlib.Path,
    zephyr_base: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> RealRunners:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        words = shlex.join([sys.executable, str(FAKE_TOOL), name, str(tools / "calls.jsonl")])
        (tools / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (tools / name).chmod(0o755)
    # ESP-IDF's tool, before Zephyr had one by name: a program in Python.
    esptool = tools / "esp-idf/components/esptool_py/esptool/esptool.py"
    esptool.parent.mkdir(parents=True)
    call = f"fake_tool.main('esptool', {str(tools / 'calls.jsonl')!r}, *sys.argv[1:])"
    esptool.write_text(
        f"import sys\nsys.path.append({str(FAKE_TOOL.parent)!r})\nimport fake_tool\n{call}\n"
    )
    esptool.chmod(0o755)
    (tools / "board" / "support").mkdir(parents=True)
    (tools / "board" / "support" / "openocd.cfg").touch()
    # What Zephyr asks for J-Link's version: a library of Segger's, through this package.
    (tools / "pylink").mkdir()
    (tools / "pylink/__init__.py").write_text("__version__ = '1.0'\n")
    (tools / "pylink/library.py").write_text(FAKE_PYLINK)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(tools))
    return RealRunners(real_build, zephyr_base, tools)


FAKE_PYLINK = """\
class Library:
    JLINK_SDK_NAME = "libjlinkarm"

    def __init__(self, dllpath):
        pass

    def dll(self):
        return self

    def JLINKARM_GetDLLVersion(self):
        return 78800
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("runner", "wanted"),
    [
        ("jlink", ["JLinkExe", "-USB", "960012345"]),
        ("linkserver", ["LinkServer", "--probe", SERIAL]),
        ("nrfjprog", ["nrfjprog", "--snr", "960012345"]),
        ("nrfutil", ["nrfutil", "--serial-number", "960012345"]),
        ("probe-rs", ["probe-rs", "--probe", f"1366:1015:{SERIAL}"]),
        ("pyocd", ["pyocd", "-u", "960012345"]),
        ("stm32cubeprogrammer", ["STM32_Programmer_CLI", "port=swd", f"sn={SERIAL}"]),
        ("esp32", ["esptool", "--port", "/dev/ttyACM7"]),
        ("stm32flash", ["stm32flash", "/dev/ttyACM7"]),
    ],
)
def test_tools_are_told_which_board(real: RealRunners, runner: str, wanted: list[str]) -> None:
    serial = f"1366:1015:{SERIAL}" if runner == "probe-rs" else SERIAL
    calls = real.calls(runner, board(serial))
    text = [" ".join(call) for call in calls if call[0] == wanted[0]]
    assert any(" ".join(wanted[1:]) in call for call in text), calls


@pytest.mark.timeout(600)
def test_openocd_is_told_before_it_looks_for_its_adapter(real: RealRunners) -> None:
    ((_, *words),) = real.calls("openocd", board("066BFF"))
    chosen = next(i for i, word in enumerate(words) if "{adapter serial 066BFF}" in word)
    init = next(i for i, word in enumerate(words) if word.endswith("init"))
    assert words.index("-f") < chosen < init
    assert not any("_ZEPHYR_BOARD_SERIAL" in word for word in words)
    ((_, *words),) = real.calls("openocd", ANY_BOARD)
    assert not any("serial" in word for word in words)


@pytest.mark.timeout(600)
def test_ports_that_are_not_the_console_s(
    real: RealRunners, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = [
        ports.Port("/dev/ttyACM7", 0x1D50, 0x6018, "79A1", "1-7:1.2"),
        ports.Port("/dev/ttyACM6", 0x1D50, 0x6018, "79A1", "1-7:1.0"),
    ]
    monkeypatch.setattr(ports, "list_ports", lambda: probe)
    gdb = shutil.which("arm-gdb")
    calls = real.calls("blackmagicprobe", board("79A1"), f"--gdb {gdb}")
    assert "target extended-remote /dev/ttyACM6" in calls[-1]
    # Bossac opens the port first; what it does then needs a board with a partition for its code.
    with contextlib.suppress(ToolError):
        real.calls("bossac", board("79A1"))
    assert "/dev/ttyACM7" in next(call for call in real.so_far() if "raw" in call)


@pytest.mark.timeout(600)
def test_the_user_s_arguments_reach_the_runner(real: RealRunners, tmp_path: pathlib.Path) -> None:
    call = real.calls("pyocd", ANY_BOARD, "--frequency=1000 --erase --board-id 77 --flash-opt=-v")[
        -1
    ]
    assert call[call.index("-u") + 1] == "77" and call[call.index("-f") + 1] == "1000"
    assert "chip" in call and "-v" in call
    call = real.calls("jlink", board("7"), "--tool-opt '-autoconnect 1' --speed=4000")[-1]
    assert {"-autoconnect", "-USB"} < set(call) and call[call.index("-speed") + 1] == "4000"
    another = tmp_path / "another-openocd"
    another.write_text(pathlib.Path(str(shutil.which("openocd"))).read_text())
    another.chmod(0o755)
    another.write_text(another.read_text().replace(" openocd ", " another-openocd "))
    given = f"--openocd {another} --openocd-search {tmp_path} --cmd-pre-init 'adapter speed 500'"
    ((name, *words),) = real.calls("openocd", board("7"), given)
    # Zephyr 3.0 itself takes a directory to be a list, letter by letter.
    assert name == "another-openocd" and {str(tmp_path), "/"} & set(words)
    assert words[words.index("adapter speed 500") - 1] == "-c"
    with pytest.raises(ToolError, match=r"runner pyocd received unknown arguments: \['--bogus'\]"):
        real.calls("pyocd", ANY_BOARD, "--bogus")


@pytest.mark.timeout(600)
def test_dfu_has_no_serial_numbers(real: RealRunners) -> None:
    with pytest.raises(ProjectError, match="the runner dfu-util of this Zephyr cannot choose"):
        real.calls("dfu-util", board("7"))


def test_openocd_itself_takes_the_command(require: Callable[..., str]) -> None:
    openocd = require("openocd", "read the command that chooses its adapter")
    (argument,) = choosing_arguments("openocd", {"--cmd-pre-init"}, board("066BFF"), [])
    command = argument.split("=", 1)[1]

    def said(*commands: str) -> str:
        words = [word for one in commands for word in ("-c", one)]
        done = subprocess.run(
            [openocd, *words, "-c", "shutdown"], capture_output=True, text=True, check=False
        )
        return done.stderr

    assert "Error" not in said("adapter driver dummy", command)
    old = "proc hla_serial {number} {echo chosen:$number}"
    assert "chosen:066BFF" in said("rename adapter no_more", old, command)
    assert "takes no serial number" in said("rename adapter no_more", command)
