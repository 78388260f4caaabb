#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Project API for Arduino: any board that arduino-cli compiles for.

In a template this server makes projects; in a project it builds, uploads and talks to the board.
The methods stand in the order in which a client calls them. What they ask of Arduino
is in arduino_kit/, a file for each kind of question.
"""

from __future__ import annotations

import json
import pathlib
import re

from server_kit import (
    OptionError,
    ProjectError,
    ProjectOption,
    ToolError,
    default_project_options,
    main,
)
from server_kit.projects.directory import ServerDirectory
from server_kit.transports.handler import TransportHandler

HERE = ServerDirectory(pathlib.Path(__file__).resolve().parent)
BUILD_DIR = HERE.path / "build"

IN_FQBN = re.compile(r"[\w.:,=-]", re.ASCII)
DEFAULT_BAUDRATE = 115200
ENERGY_MODE_BAUDRATE = 9600  # as the runner of MLPerf Tiny has it
# An AVR has 2 to 8 KiB of RAM for everything.
PACKET_BYTES = {"avr": 512, "megaavr": 512}
SPARE_POOL_BYTES = {"avr": 64, "megaavr": 64}

# What a generated project holds besides the archive and what is written for it.
PROJECT_FILES = ("microtvm_api_server.py", "server_kit", "arduino_kit", "boards.json")
# The last answers the runner of MLPerf Tiny; its transport carries text.
PROJECT_TYPES = ["host_driven", "example_project", "mlperftiny"]
PORT_METHODS = ["flash", "open_transport"]
PROJECT_OPTIONS = [
    *default_project_options(
        project_type={"choices": PROJECT_TYPES, "default": "host_driven"},
        board={
            "help": "A name of boards.json, or any FQBN: arduino:mbed_nano:nano33ble, with board "
            "options after a further colon."
        },
        workspace_size_bytes={
            "help": "Memory for tensors; by default what inputs and outputs need twice and a "
            "little more."
        },
    ),
    ProjectOption(
        "arduino_cli_cmd",
        optional=["generate_project", "build", "flash", "open_transport"],
        help="The arduino-cli command; by default ARDUINO_CLI, or that on PATH.",
    ),
    ProjectOption(
        "port",
        optional=PORT_METHODS,
        help="The board's port: a device, a pattern of devices, a PySerial URL, USB's VID:PID or a "
        "USB location.",
    ),
    ProjectOption(
        "serial_number",
        optional=PORT_METHODS,
        help="Serial number of the board, where several are attached.",
    ),
    ProjectOption(
        "baudrate",
        optional=["generate_project"],
        type="int",
        help=f"Speed of Serial; by default {DEFAULT_BAUDRATE}, and {ENERGY_MODE_BAUDRATE} in the "
        "energy mode of mlperftiny.",
    ),
]


class Handler(TransportHandler):
    """The methods; TransportHandler has those that read, write and close the port."""

    project_options = PROJECT_OPTIONS

    def server_info_query(self, tvm_version):
        return HERE.server_info(platform_name="arduino", options=self.project_options)

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        from functools import partial

        from arduino_kit.sketch import arrange, texts
        from server_kit.projects.generation import Generation

        archive = model_library_format_path
        with Generation(HERE, archive, standalone_crt_dir, options) as generation:
            facts = project_facts(generation, options)
            files = texts(HERE.path, generation, archive, facts)
            put = partial(arrange, facts=facts)
            generation.write(project_dir, PROJECT_FILES, facts, files, put)

    def build(self, options):
        from arduino_kit.sketch import LIBRARIES, SKETCH
        from server_kit.disk import write_text

        facts = HERE.facts_to_build()
        more = ["--libraries", str(HERE.path / LIBRARIES)]
        if options["verbose"] or facts["verbose"]:
            more.append("--verbose")
        if facts["warning_as_error"]:
            more += ["--warnings", "all"]
        cli = arduino_cli(facts, options)
        properties = cli.properties(facts["fqbn"], HERE.path / SKETCH)
        more += definitions(facts, properties)
        reply = cli.compile(facts["fqbn"], HERE.path / SKETCH, BUILD_DIR, more)
        warnings = [one for one in reply["compiler_err"].splitlines() if is_own_warning(one)]
        if facts["warning_as_error"] and warnings:
            raise ToolError(f"warning_as_error: {warnings[0]}")
        sections = reply["builder_result"]["executable_sections_size"]
        # A chip with USB of its own is not reset when its port is opened.
        board = {"is_native_usb": properties.get("upload.use_1200bps_touch") == "true"}
        write_text(BUILD_DIR / "board.json", json.dumps(board) + "\n")
        footprint = {"firmware": {one["name"]: one["size"] for one in sections}}
        write_text(BUILD_DIR / "footprint.json", json.dumps(footprint, indent=2) + "\n")

    def flash(self, options):
        from arduino_kit.upload import upload
        from server_kit.boards import ports
        from server_kit.boards.device_lock import DeviceLock

        facts = HERE.facts()
        require_build()
        cli = arduino_cli(facts, options)
        self.close_transport()  # a board that is flashed restarts
        try:
            port = board_port(facts, options)
        except ProjectError as error:
            if options["port"] or options["serial_number"]:
                raise
            # A Teensy and UF2 or DFU bootloaders have none; arduino-cli says where one is needed.
            with DeviceLock(facts["fqbn"]):
                try:
                    upload(cli, facts["fqbn"], None, BUILD_DIR)
                except ToolError as failed:
                    raise ToolError(f"{failed}, without a port, and {error}") from None
            return
        if port.startswith("/") and not pathlib.Path(port).exists():
            raise ProjectError(f"option 'port': {port} is not there; is the board attached?")
        # A URL is held by whatever has it open.
        held = [] if "://" in port else [port]
        with DeviceLock(*held, *ports.boards_at(port, options["serial_number"])):
            upload(cli, facts["fqbn"], port, BUILD_DIR)

    def open_transport(self, options):
        from arduino_kit.reset_on_open import ResettingSerialTransport
        from server_kit.boards import ports
        from server_kit.transports.serial import SerialTransport

        facts = HERE.facts()
        if facts["project_type"] == "example_project":
            raise ProjectError(
                "an example_project has no RPC server; read its serial port, or generate the "
                "project with project_type=host_driven"
            )
        has_native_usb = require_build()["is_native_usb"]

        def make():
            port = board_port(facts, options)
            resets = facts["architecture"] == "avr" and not has_native_usb
            kind = ResettingSerialTransport if resets else SerialTransport
            return kind(port, facts["baudrate"], ports.boards_at(port, options["serial_number"]))

        return self.connect(make)


def project_facts(generation, options):
    """What the other methods need to know, decided once, when the project is generated."""
    from arduino_kit import cmsis_library, tvm_library
    from server_kit.projects.memory import pool_bytes

    if options["arduino_cli_cmd"]:
        arduino_cli({}, options)  # what is not there cannot build
    fqbn = board_fqbn(options["board"])
    architecture = fqbn.split(":")[1]
    # Teensy's core is called avr, and is none.
    architecture = "arm" if fqbn.startswith("teensy:") else architecture
    cmsis_library.require_arm(generation.archive, fqbn, architecture)
    spare = SPARE_POOL_BYTES.get(architecture, 4096)
    facts = generation.facts()
    tvm_bytes = 0
    if generation.runtime.is_tvm_crt:
        tvm_library.require_support(generation, fqbn, architecture)
        tvm_bytes = tvm_library.memory_bytes(generation, facts["is_served_by_tvm"])
    usual_baudrate = ENERGY_MODE_BAUDRATE if facts["is_energy_mode"] else DEFAULT_BAUDRATE
    return {
        **facts,
        "board": options["board"],
        "fqbn": fqbn,
        "architecture": architecture,
        "arduino_cli_cmd": options["arduino_cli_cmd"],
        "baudrate": options["baudrate"] or usual_baudrate,
        "packet_bytes": PACKET_BYTES.get(architecture, 2048),
        "pool_bytes": pool_bytes(generation.module, spare, generation.tensor_bytes),
        "tvm_workspace_bytes": tvm_bytes,
    }


def board_fqbn(board):
    """The FQBN that a name of boards.json stands for; any other FQBN as it is."""
    from server_kit.api.options import did_you_mean

    known = json.loads((HERE.path / "boards.json").read_text(encoding="utf-8"))
    if board in known:
        return known[board]["fqbn"]
    if not 3 <= len(board.split(":")) <= 4 or not all(board.split(":")):
        raise OptionError(
            f"option 'board' was given {board!r}; allowed are {', '.join(known)} and FQBNs, "
            f"VENDOR:ARCHITECTURE:BOARD{did_you_mean(board, known)}"
        )
    odd = sorted({*IN_FQBN.sub("", board)})
    if odd:
        raise OptionError(
            f"option 'board' was given {board!r}; an FQBN is of letters, digits and _ . -, as are "
            f"its NAME=VALUE,NAME=VALUE; take out {' and '.join(map(repr, odd))}"
        )
    return board


def arduino_cli(facts, options):
    """The command: that of the project's generation, unless another is given."""
    from arduino_kit.cli import ArduinoCli

    return ArduinoCli(options["arduino_cli_cmd"] or facts.get("arduino_cli_cmd"))


def definitions(facts, properties):
    """Arguments that add the definitions to what the core and the user have the compiler given."""
    arguments = []
    for language in ("c", "cpp") if facts["compile_definitions"] else ():
        name = f"compiler.{language}.extra_flags"
        words = [properties.get(name, ""), *(f"-D{one}" for one in facts["compile_definitions"])]
        arguments += ["--build-property", f"{name}={' '.join(filter(None, words))}"]
    return arguments


def board_port(facts, options):
    """The board's port: given outright, or that of the one board attached which fits."""
    from arduino_kit.upload import port_now
    from server_kit.boards import ports

    port, serial_number = options["port"], options["serial_number"]
    if port is not None and ports.is_path_or_url(port):
        return port_now(port, BUILD_DIR)
    if port is not None or serial_number is not None:
        return ports.find_port(serial_number=serial_number, wanted=port).device
    found = [one["address"] for one in arduino_cli(facts, options).ports_of(facts["fqbn"])]
    if len(found) > 1:
        raise OptionError(
            f"{len(found)} boards of the kind {facts['fqbn']} are attached; choose one with the "
            f"option port or serial_number: {', '.join(map(ports.described, found))}"
        )
    return found[0] if found else ports.find_port(board=facts["board"]).device


def require_build():
    """An error in a project that was not built; what the build told of the board."""
    if not (BUILD_DIR / "footprint.json").exists():
        raise ProjectError("the project is not built; call build first")
    return json.loads((BUILD_DIR / "board.json").read_text(encoding="utf-8"))


def is_own_warning(line):
    """Whether a line of the compiler is a warning about the project's own code."""
    own = (HERE.path / "libraries" / "microtvm", HERE.path / "firmware", BUILD_DIR / "sketch")
    return "warning:" in line and any(f"{path}/" in line for path in own)


if __name__ == "__main__":
    main(Handler())
