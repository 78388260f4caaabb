#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Project API for Zephyr: any board it knows, real, emulated or on this machine.

In a template this server makes projects; in a project it builds, flashes and talks to the board.
The methods below are the API's, in the order in which a client calls them. What they ask of Zephyr
is in zephyr_kit/, a file for each kind of question.
"""

from __future__ import annotations

import json
import pathlib

from server_kit import (
    OptionError,
    ProjectError,
    ProjectOption,
    TransportTimeouts,
    default_project_options,
    log,
    main,
)
from server_kit.projects.directory import ServerDirectory
from server_kit.transports.handler import TransportHandler

HERE = ServerDirectory(pathlib.Path(__file__).resolve().parent)
BUILD_DIR = HERE.path / "build"

DEFAULT_BAUDRATE = 115200
ENERGY_MODE_BAUDRATE = 9600  # src/mlperf_energy.c
# What TVM's C runtime starts in: with its RPC server, and without (DK_TVM_MEMORY_MIN).
LEAST_SERVER_BYTES = 16 * 1024
LEAST_RUNTIME_BYTES = 4096

# What a generated project holds besides the archive and what is written for it.
PROJECT_FILES = (
    "microtvm_api_server.py",
    "server_kit",
    "device_kit",
    "zephyr_kit",
    "src",
    "CMakeLists.txt",
    "Kconfig",
    "board_facts.json",
)

# The last answers the runner of MLPerf Tiny; its transport carries text.
PROJECT_TYPES = ["host_driven", "standalone", "mlperftiny"]
ALL_METHODS = ["generate_project", "build", "flash", "open_transport"]
PROJECT_OPTIONS = [
    *default_project_options(
        verbose={"optional": ["generate_project", "build"]},
        project_type={"choices": PROJECT_TYPES, "default": "host_driven"},
        board={"help": "Any board `west boards` lists: BOARD, or BOARD@REVISION/QUALIFIERS."},
        workspace_size_bytes={
            "help": "Memory for tensors; by default what inputs and outputs need and a part of the "
            "RAM. For archives of TVM 0.8 to 0.18 all that the runtime has: half of the RAM, 2 MiB "
            "at most."
        },
    ),
    ProjectOption(
        "zephyr_base",
        optional=ALL_METHODS,
        help="Directory of Zephyr; by default ZEPHYR_BASE, else that of the west workspace you are "
        "in, else what the project was generated with.",
    ),
    ProjectOption(
        "west_cmd", optional=ALL_METHODS, help="The west command, `python3 -m west` say."
    ),
    ProjectOption(
        "config_main_stack_size",
        optional=["generate_project"],
        type="int",
        help="Bytes of the stack that the model runs on; 4096 by default.",
    ),
    ProjectOption(
        "serial_number",
        optional=["flash", "open_transport"],
        help="Serial number of the board or its probe, where several are attached.",
    ),
    ProjectOption(
        "nrfjprog_snr", optional=["flash", "open_transport"], help="Old name of serial_number."
    ),
    ProjectOption(
        "openocd_serial", optional=["flash", "open_transport"], help="Old name of serial_number."
    ),
    ProjectOption(
        "runner",
        optional=["flash", "open_transport"],
        help="The west runner that flashes; by default the board's own.",
    ),
    ProjectOption(
        "runner_args",
        optional=["flash"],
        help="More arguments for `west flash`, for example '--frequency=1000 --erase'.",
    ),
    ProjectOption(
        "port",
        optional=["flash", "open_transport"],
        help="The console: a device, a pattern of devices, a PySerial URL, USB's VID:PID or a USB "
        "location.",
    ),
    ProjectOption(
        "baudrate",
        optional=["open_transport"],
        type="int",
        help="Speed of the console; by default what the board's devicetree says.",
    ),
    ProjectOption(
        "gdbserver_port",
        optional=["open_transport"],
        type="int",
        help="Boards that QEMU emulates wait for a debugger on this port before they start.",
    ),
    ProjectOption(
        "use_fvp",
        optional=["generate_project"],
        type="bool",
        default=False,
        help="Emulate with Arm's FVP, also where QEMU could.",
    ),
    ProjectOption(
        "arm_fvp_path",
        optional=["generate_project", "open_transport"],
        help="Arm's FVP, the program or its directory; by default ARMFVP_BIN_PATH or PATH.",
    ),
]


class Handler(TransportHandler):
    """The Project API's methods; those that pass bytes on are TransportHandler's."""

    project_options = PROJECT_OPTIONS

    def server_info_query(self, tvm_version):
        return HERE.server_info(platform_name="zephyr", options=self.project_options)

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        from server_kit.projects.generation import Generation
        from zephyr_kit import settings
        from zephyr_kit.build import require_path
        from zephyr_kit.west import find_zephyr

        require_path(project_dir)
        archive = model_library_format_path
        with Generation(HERE, archive, standalone_crt_dir, options) as generation:
            facts = project_facts(generation, options)
            tree, west = find_zephyr(options["zephyr_base"], options["west_cmd"])
            names = board_facts("former_names")
            facts["board"], board = tree.find_board(options["board"], west, names)
            if options["use_fvp"]:  # a target of its own in Zephyr 4
                target = facts["board"]
                facts["board"] = board_facts("fvp_targets").get(target, target)
            facts["zephyr_base"] = str(tree.base)
            texts = {
                "settings.cmake": settings.cmake_text(facts),
                "prj.conf": settings.kconfig_text(facts, board, tree),
            }
            generation.write(project_dir, PROJECT_FILES, facts, texts)

    def build(self, options):
        from server_kit.disk import write_text
        from server_kit.tools.footprint import measure

        facts = HERE.facts_to_build()
        tree, west = zephyr_and_west(options, facts)
        build = zephyr_build()
        build.run(west, facts["board"], tree.base, options["verbose"] or facts["verbose"])
        size_tool = build.cache().get("CMAKE_SIZE", "size")
        footprint = measure(BUILD_DIR / "libmodel.a", build.firmware, size_tool)
        write_text(BUILD_DIR / "footprint.json", json.dumps(footprint, indent=2) + "\n")
        clock = {"ns_per_instruction": None if facts["use_fvp"] else build.ns_per_instruction()}
        write_text(BUILD_DIR / "clock.json", json.dumps(clock) + "\n")

    def flash(self, options):
        from server_kit.boards import ports
        from server_kit.boards.device_lock import DeviceLock
        from zephyr_kit.chosen_board import ChosenBoard
        from zephyr_kit.emulators import find_emulator
        from zephyr_kit.flash import flash
        from zephyr_kit.runners import can_choose, split_arguments

        facts = HERE.facts()
        build = zephyr_build()
        build.require()
        runner = build.flash_runner(options["runner"])
        if find_emulator(build, facts) or runner is None:
            log.info(
                f"nothing to flash: {facts['board']} is emulated; opening its transport starts it"
            )
            return
        arguments = split_arguments(options["runner_args"])
        self.close_transport()  # a board that is flashed restarts
        _, west = zephyr_and_west(options, facts)
        vendors = probe_vendors(runner)
        # A board in its bootloader has no console yet; nobody is asked who would not need it.
        is_port_needed = options["port"] and can_choose(runner)
        port = console_port(build, facts, options) if is_port_needed else None
        board = ChosenBoard(
            given_serial_number(options),
            port,
            lambda: console_port(build, facts, options),
            vendors,
        )
        boards = ports.boards_to_flash(board.serial(), vendors, port)
        with DeviceLock(*(boards or [facts["board"]])):
            flash(west, HERE.path, BUILD_DIR, runner, board, arguments)

    def open_transport(self, options):
        from zephyr_kit.emulators import find_emulator

        facts = HERE.facts()
        if facts["project_type"] == "standalone":
            raise ProjectError(
                "a standalone project has no RPC server; read its console, or generate the "
                "project with project_type=host_driven"
            )
        build = zephyr_build()
        build.require()

        def make():
            emulator = None if options["port"] else find_emulator(build, facts)
            if emulator is None:
                return board_port(build, facts, options)
            fvp_path = options["arm_fvp_path"] or facts["arm_fvp_path"]
            return emulator.transport({**options, "arm_fvp_path": fvp_path})

        timeouts = self.connect(make)
        if options["gdbserver_port"] is not None:
            return TransportTimeouts(0, 0, 0)  # whoever debugs takes their time
        return timeouts


def board_port(build, facts, options):
    """The transport to a real board: the serial port its console is at."""
    from server_kit.boards import ports
    from server_kit.transports.serial import SerialTransport

    port = console_port(build, facts, options)
    usual = ENERGY_MODE_BAUDRATE if facts["is_energy_mode"] else build.console_baudrate()
    baudrate = options["baudrate"] or usual or DEFAULT_BAUDRATE
    return SerialTransport(port, baudrate, ports.boards_at(port, given_serial_number(options)))


def console_port(build, facts, options):
    """The device or URL of the board's console: given outright, or found by what was given."""
    from server_kit.boards import ports

    port = options["port"]
    if port is not None and ports.is_path_or_url(port):
        return port
    port = ports.find_port(
        serial_number=given_serial_number(options),
        wanted=port,
        likely_vendors=probe_vendors(build.flash_runner(options["runner"])),
        console_index=board_facts("console_index"),
        board=facts["board"],
    ).device
    log.info(f"the console of {facts['board']} is {port}")
    return port


def project_facts(generation, options):
    """What the other methods need to know, decided once, when the project is generated."""
    from server_kit.projects.memory import pool_bytes, tvm_workspace_bytes
    from zephyr_kit.settings import stack_bytes

    facts = generation.facts()
    least = LEAST_SERVER_BYTES if facts["is_served_by_tvm"] else LEAST_RUNTIME_BYTES
    given = generation.tvm_bytes
    return {
        **facts,
        "pool_bytes": pool_bytes(generation.module, 0, generation.tensor_bytes, facts["program"]),
        "pool_has_spare": generation.tensor_bytes is None,
        # 0: as the board's RAM allows, which the firmware's sizes.h knows.
        "tvm_workspace_bytes": 0 if given is None else tvm_workspace_bytes(given, least),
        "main_stack_bytes": stack_bytes(options["config_main_stack_size"]),
        "use_fvp": options["use_fvp"],
        "arm_fvp_path": options["arm_fvp_path"],
    }


def board_facts(kind):
    """What no tool can tell about boards."""
    return json.loads((HERE.path / "board_facts.json").read_text(encoding="utf-8"))[kind]


def probe_vendors(runner):
    """The makers, by USB's number, of the probes that a runner works with."""
    return board_facts("probe_vendors").get(runner, ())


def zephyr_and_west(options, facts):
    """The tree as it is found now, and west in its workspace."""
    from zephyr_kit.west import find_zephyr

    return find_zephyr(options["zephyr_base"], options["west_cmd"], facts["zephyr_base"])


def zephyr_build():
    """The project's build directory."""
    from zephyr_kit.build import ZephyrBuild

    return ZephyrBuild(HERE.path, BUILD_DIR)


def given_serial_number(options):
    """The option, by any of its names."""
    names = ("serial_number", "nrfjprog_snr", "openocd_serial")
    given = {name: options[name] for name in names if options[name]}
    if len(set(given.values())) > 1:
        said = " and ".join(f"{name}={value}" for name, value in given.items())
        raise OptionError(f"the board is chosen twice: by {said}; give one of them")
    return next(iter(given.values()), None)


if __name__ == "__main__":
    main(Handler())
