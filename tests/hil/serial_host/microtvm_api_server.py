#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fork of the host template whose firmware is behind a serial port, on a board of `attached.py`.

It is laid over a fork, whose own server is kept as ``host_server.py``.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import time

import host_server

from server_kit import ProjectOption, main
from server_kit.boards.device_lock import DeviceLock
from server_kit.transports.serial import SerialTransport

BAUDRATE = 115200


def note(what, port):
    """Tell the board's owner which worker of pytest-xdist touches it."""
    with open(f"{port}.log", "a") as log:
        log.write(f"{what} {os.environ.get('PYTEST_XDIST_WORKER')}\n")


class Handler(host_server.Handler):
    """The host template's handler with a port."""

    def __init__(self):
        super().__init__()
        self.project_options += [
            ProjectOption("port", optional=["flash", "open_transport"], help="The console's port."),
            ProjectOption(
                "serial_number",
                optional=["flash", "open_transport"],
                help="The port that the board is flashed at, where its console is elsewhere.",
            ),
        ]

    def generate_project(self, model_library_format_path, standalone_crt_dir, project_dir, options):
        super().generate_project(
            model_library_format_path, standalone_crt_dir, project_dir, options
        )
        shutil.copy(host_server.__file__, project_dir)

    def flash(self, options):
        port = pathlib.Path(options["serial_number"] or options["port"])
        note("flash", port)
        firmware, runs = port.with_suffix(".firmware"), port.with_suffix(".runs")
        with DeviceLock(str(port)):
            shutil.copy(host_server.FIRMWARE, f"{firmware}.new")
            os.replace(f"{firmware}.new", firmware)
            while not runs.exists() or runs.read_text() != str(firmware.stat().st_ino):
                time.sleep(0.01)

    def open_transport(self, options):
        note("open", options["serial_number"] or options["port"])
        return self.connect(lambda: SerialTransport(options["port"], BAUDRATE))


if __name__ == "__main__":
    main(Handler())
