#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Project API for this machine: firmware is a process, its wire a pair of pipes.

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
    TransportTimeouts,
    default_project_options,
    log,
    main,
)
from server_kit.projects.directory import ServerDirectory
from server_kit.transports.process import ProcessTransport

HERE = ServerDirectory(pathlib.Path(__file__).resolve().parent)
FIRMWARE = HERE.path / "build" / "main"

PACKET_BYTES = 64 * 1024
SPARE_POOL_BYTES = 2 * 1024 * 1024

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
        boards = json.loads((HERE.path / "boards.json").read_text(encoding="utf-8"))
        self.project_options = [
            *default_project_options(
                project_type={"choices": ["host_driven", "standalone"], "default": "host_driven"},
                board={"choices": list(boards), "default": "host"},
                cmsis_path={"help": "Directory of CMSIS-NN or CMSIS 5, for models that call it."},
            ),
            ProjectOption(
                "workspace_size_bytes",
                optional=["generate_project"],
                type="int",
                help="Memory for tensors; by default what the model's inputs and outputs need "
                "and 2 MiB more. For archives of TVM 0.8 to 0.18 all that the runtime has: 2 MiB.",
            ),
        ]
        self._transport = ProcessTransport([str(FIRMWARE)], cwd=HERE.path)

    def server_info_query(self, tvm_version):
        return ServerInfo(
            platform_name="host",
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
            facts["board"] = options["board"]
            generation.write(project_dir, PROJECT_FILES, facts)

    def build(self, options):
        from server_kit.projects.firmware import build_firmware

        build_firmware(HERE, options["verbose"], ["src/platform.c", "src/platform.h"])

    def flash(self, options):
        log.info("nothing to flash: the host runs the firmware from build/main")

    def open_transport(self, options):
        if HERE.facts()["project_type"] != "host_driven":
            raise ProjectError(
                "a standalone project has no RPC server: run build/main, "
                "or generate the project with project_type=host_driven"
            )
        self._transport.open()
        # A process that ends closes its pipes; one that hangs does not.
        return TransportTimeouts(
            session_start_retry_timeout_sec=2.0,
            session_start_timeout_sec=20.0,
            session_established_timeout_sec=300.0,  # a benchmark is one call
        )

    def close_transport(self):
        self._transport.close()

    def read_transport(self, n, timeout_sec):
        return self._transport.read(n, timeout_sec)

    def write_transport(self, data, timeout_sec):
        self._transport.write(data, timeout_sec)


if __name__ == "__main__":
    main(Handler())
