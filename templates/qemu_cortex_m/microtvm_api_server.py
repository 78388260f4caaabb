#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Project API for Cortex-M boards that QEMU emulates, without an operating system.

The emulator's clock counts instructions: `microtvm run --repeat` gives the same number anywhere.
In a template this server makes projects; in a project it builds, runs and talks to the firmware.
The methods below are the API's, in the order in which a client calls them.
"""

from __future__ import annotations

import json
import pathlib

from server_kit import (
    ProjectAPIHandler,
    ProjectError,
    ProjectOption,
    ServerInfo,
    TransportClosedError,
    TransportTimeouts,
    default_project_options,
    log,
    main,
)
from server_kit.projects.directory import ServerDirectory
from server_kit.tools import find_tool
from server_kit.transports.process import ProcessTransport

HERE = ServerDirectory(pathlib.Path(__file__).resolve().parent)
FIRMWARE = HERE.path / "build" / "main"
BOARDS = json.loads((HERE.path / "boards.json").read_text(encoding="utf-8"))

PACKET_BYTES = 16 * 1024
SPARE_POOL_BYTES = 64 * 1024

# Each instruction takes 2^8 = 256 ns of the emulator's time. That is several ticks of the boards'
# counters, so that the counters tell instructions apart.
ICOUNT_SHIFT = 8
PLATFORM_SOURCES = ("src/platform.c", "src/platform.h", "src/semihosting.c", "src/semihosting.h")

# What a generated project holds besides the archive.
PROJECT_FILES = (
    "microtvm_api_server.py",
    "server_kit",
    "device_kit",
    "src",
    "CMakeLists.txt",
    "boards.json",
)


class Handler(ProjectAPIHandler):
    """The Project API's methods."""

    def __init__(self) -> None:
        self.project_options = [
            *default_project_options(
                project_type={"choices": ["host_driven", "standalone"], "default": "host_driven"},
                board={"choices": list(BOARDS), "default": "mps2_an386"},
                cmsis_path={"help": "Directory of CMSIS-NN or CMSIS 5, for models that call it."},
            ),
            ProjectOption(
                "workspace_size_bytes",
                optional=["generate_project"],
                type="int",
                help="Memory for tensors; by default what the model's inputs and outputs need "
                "and 64 KiB more. For archives of TVM 0.8 to 0.18 all that the runtime has: 2 MiB.",
            ),
        ]
        self._transport = None

    def server_info_query(self, tvm_version):
        return ServerInfo(
            platform_name="qemu_cortex_m",
            is_template=HERE.is_template,
            model_library_format_path=HERE.archive,
            project_options=self.project_options,
        )

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        from server_kit.projects.firmware import firmware_facts
        from server_kit.projects.generation import Generation
        from server_kit.tools.cmake import require_path

        require_path(project_dir)
        archive = model_library_format_path
        with Generation(HERE, archive, standalone_crt_dir, options) as generation:
            facts = firmware_facts(generation, PACKET_BYTES, SPARE_POOL_BYTES)
            facts.update(board=options["board"], clock="instructions")
            generation.write(project_dir, PROJECT_FILES, facts)

    def build(self, options):
        from server_kit.projects.firmware import build_firmware

        board = BOARDS[HERE.facts()["board"]]
        definitions = {
            "CPU_FLAGS": board["cpu"],
            "MEMORY_MAP": board["memory_map"],
            "NS_PER_TICK": str(board["ns_per_tick"]),
            "NS_PER_INSTRUCTION": str(1 << ICOUNT_SHIFT),
        }
        build_firmware(
            HERE, options["verbose"], PLATFORM_SOURCES, definitions, tool_prefix="arm-none-eabi-"
        )

    def flash(self, options):
        log.info("nothing to flash: the board is emulated; opening its transport starts it")

    def open_transport(self, options):
        facts = HERE.facts()
        if facts["project_type"] != "host_driven":
            raise ProjectError(
                "a standalone project has no RPC server: run "
                f"{' '.join(emulator_command(facts['board']))}, "
                "or generate the project with project_type=host_driven"
            )
        if not FIRMWARE.exists():
            raise ProjectError("there is no firmware yet; call build first")
        if self._transport is None:
            self._transport = ProcessTransport(
                emulator_command(facts["board"]), cwd=HERE.path, ends_with_input=False
            )
        self._transport.open()
        return TransportTimeouts(
            session_start_retry_timeout_sec=2.0,
            session_start_timeout_sec=20.0,
            session_established_timeout_sec=300.0,  # a benchmark is one call
        )

    def close_transport(self):
        if self._transport is not None:
            self._transport.close()

    def read_transport(self, n, timeout_sec):
        return self._open_transport().read(n, timeout_sec)

    def write_transport(self, data, timeout_sec):
        self._open_transport().write(data, timeout_sec)

    def _open_transport(self):
        if self._transport is None:
            raise TransportClosedError("the transport is not open; call open_transport first")
        return self._transport


def emulator_command(board):
    """QEMU with semihosting's console, which is the firmware's wire, on its standard streams."""
    return [
        find_tool("qemu-system-arm"),
        *("-machine", BOARDS[board]["machine"]),
        *("-icount", f"shift={ICOUNT_SHIFT}"),
        *("-display", "none", "-monitor", "none", "-serial", "none", "-parallel", "none"),
        *("-semihosting-config", "enable=on,target=native"),
        *("-kernel", str(FIRMWARE)),
    ]


if __name__ == "__main__":
    main(Handler())
