#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Project API for this machine: firmware is a process, its wire a pair of pipes.

In a template this server makes projects; in a project it builds, runs and talks to the firmware.
The methods below are the API's, in the order in which a client calls them.
"""

from __future__ import annotations

import json
import pathlib

from server_kit import ProjectError, default_project_options, log, main
from server_kit.projects.directory import ServerDirectory
from server_kit.transports.handler import TransportHandler
from server_kit.transports.process import ProcessTransport

HERE = ServerDirectory(pathlib.Path(__file__).resolve().parent)
FIRMWARE = HERE.path / "build" / "main"

PACKET_BYTES = 64 * 1024
SPARE_POOL_BYTES = 2 * 1024 * 1024


class Handler(TransportHandler):
    """The Project API's methods; those that pass bytes on are TransportHandler's."""

    def __init__(self) -> None:
        super().__init__()
        boards = json.loads((HERE.path / "boards.json").read_text(encoding="utf-8"))
        self.project_options = default_project_options(
            project_type={"choices": ["host_driven", "standalone"], "default": "host_driven"},
            board={"choices": list(boards), "default": "host"},
            workspace_size_bytes={
                "help": "Memory for tensors; by default what the model's inputs and outputs need "
                "and 2 MiB more. For archives of TVM 0.8 to 0.18 all that the runtime has: 2 MiB."
            },
        )

    def server_info_query(self, tvm_version):
        return HERE.server_info(platform_name="host", options=self.project_options)

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        from server_kit.projects.firmware import generate_firmware

        archive = model_library_format_path
        memory = PACKET_BYTES, SPARE_POOL_BYTES
        generate_firmware(HERE, archive, standalone_crt_dir, project_dir, options, *memory)

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
        # A process that ends closes its pipes; one that hangs does not.
        return self.connect(lambda: ProcessTransport([str(FIRMWARE)], cwd=HERE.path))


if __name__ == "__main__":
    main(Handler())
