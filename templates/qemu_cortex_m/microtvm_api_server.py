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

from server_kit import ProjectError, default_project_options, log, main
from server_kit.projects.directory import ServerDirectory
from server_kit.tools import find_tool
from server_kit.transports.handler import TransportHandler
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


class Handler(TransportHandler):
    """The Project API's methods; those that pass bytes on are TransportHandler's."""

    project_options = default_project_options(
        board={"choices": list(BOARDS), "default": "mps2_an386"},
        project_type={"choices": ["host_driven", "standalone"], "default": "host_driven"},
        workspace_size_bytes={
            "help": "Memory for tensors; by default what the model's inputs and outputs need and "
            "64 KiB more. For archives of TVM 0.8 to 0.18 all that the runtime has: 2 MiB."
        },
    )

    def server_info_query(self, tvm_version):
        return HERE.server_info(platform_name="qemu_cortex_m", options=self.project_options)

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        from server_kit.projects.firmware import generate_firmware

        generate_firmware(
            HERE,
            model_library_format_path,
            standalone_crt_dir,
            project_dir,
            options,
            PACKET_BYTES,
            SPARE_POOL_BYTES,
            clock="instructions",
        )

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
        command = emulator_command(facts["board"])
        return self.connect(lambda: ProcessTransport(command, cwd=HERE.path, ends_with_input=False))


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
