#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Project API server made for tests: its firmware is a Python script, its tools are too."""

from __future__ import annotations

import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path.insert(0, str(REPOSITORY))

from server_kit import (  # noqa: E402
    ProjectAPIHandler,
    ProjectOption,
    ServerInfo,
    TransportClosedError,
    TransportTimeouts,
    UnsupportedTVMVersionError,
    main,
    tools,
)
from server_kit.projects.writer import ProjectWriter  # noqa: E402
from server_kit.transports.process import ProcessTransport  # noqa: E402


class Handler(ProjectAPIHandler):
    project_options = [
        ProjectOption("project_type", help="A choice.", choices=["a", "b"], required=["build"]),
        ProjectOption("level", help="A number.", type="int", default=3, optional=["build"]),
        ProjectOption("scale", help="A number.", type="float", optional=["build"]),
        ProjectOption("verbose", help="A switch.", type="bool", default=False, optional=["build"]),
        ProjectOption(
            "tool", help="Python code to run.", optional=["build", "generate_project", "flash"]
        ),
        ProjectOption("limit", help="Seconds.", type="float", optional=["flash"]),
        ProjectOption(
            "firmware", help="What it does.", default="echo", optional=["open_transport"]
        ),
    ]

    def __init__(self):
        self._transport = None

    def server_info_query(self, tvm_version):
        if tvm_version.startswith("0.1."):
            raise UnsupportedTVMVersionError(f"TVM {tvm_version} is too old; 0.8 is wanted")
        return ServerInfo("example", True, None, self.project_options)

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        with ProjectWriter(project_dir) as project:
            project.copy(model_library_format_path)
            project.write("notes/facts.txt", "written\n")
            if options["tool"] == "wait":
                time.sleep(60)
            if options["tool"] == "fail":
                raise RuntimeError("no luck")

    def build(self, options):
        if options["tool"]:
            self._run(options["tool"])
        else:
            print(sorted(options.items()), file=sys.stderr)

    def flash(self, options):
        if options["tool"]:
            self._run(options["tool"], timeout_sec=options["limit"])

    def _run(self, code, timeout_sec=None):
        log_file = pathlib.Path.cwd() / "tool.log"
        tools.run(
            [sys.executable, "-c", code],
            cwd=pathlib.Path.cwd(),
            log_file=log_file,
            timeout_sec=timeout_sec,
        )

    def open_transport(self, options):
        if self._transport is None:
            arguments = [sys.executable, str(HERE / "firmware.py"), options["firmware"]]
            self._transport = ProcessTransport(arguments, cwd=pathlib.Path.cwd())
        self._transport.open()
        return TransportTimeouts(1, 2, 3)

    def close_transport(self):
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def read_transport(self, n, timeout_sec):
        return self._opened().read(n, timeout_sec)

    def write_transport(self, data, timeout_sec):
        self._opened().write(data, timeout_sec)

    def _opened(self):
        if self._transport is None:
            raise TransportClosedError("the transport is not open; call open_transport first")
        return self._transport


if __name__ == "__main__":
    main(Handler())
