# SPDX-License-Identifier: Apache-2.0
"""Zephyr's own twister at a hardware map: ``twister_map.py load|save MAP``, with ``ZEPHYR_BASE``.

``load`` prints what it reads as JSON. ``save`` has it write the boards that are attached: two
ST-Links, which no machine here has, in place of PySerial's list.
"""

from __future__ import annotations

import json
import os
import sys
import types

SCRIPTS = os.path.join(os.environ["ZEPHYR_BASE"], "scripts")
sys.path[:0] = [os.path.join(SCRIPTS, "pylib", "twister"), SCRIPTS]

import serial.tools.list_ports  # noqa: E402
from serial.tools.list_ports_common import ListPortInfo  # noqa: E402
from twisterlib.hardwaremap import HardwareMap  # noqa: E402

NUMBERS = ("0667FF505353667267080944", "066712345670")


def st_link(port: str, number: str) -> ListPortInfo:
    """Describe one as PySerial does."""
    info = ListPortInfo(port)
    info.manufacturer, info.product = "STMicroelectronics", "STM32 STLink"
    info.serial_number, info.location = number, "1-1:1.2"
    return info


def main() -> None:
    """Do what the command line says."""
    verb, path = sys.argv[1:]
    options = types.SimpleNamespace(
        device_flash_timeout=60, device_flash_with_test=False, flash_before=False
    )
    boards = HardwareMap(types.SimpleNamespace(options=options))
    if verb == "load":
        boards.load(path)
        names = ("platform", "id", "serial", "serial_pty", "runner", "runner_params", "fixtures")
        listed = [{name: getattr(dut, name) for name in names} for dut in boards.duts]
        print(json.dumps(listed))
    else:
        ports = [st_link(f"/dev/ttyACM{i}", number) for i, number in enumerate(NUMBERS)]
        serial.tools.list_ports.comports = lambda: ports
        boards.scan()
        boards.save(path)


if __name__ == "__main__":
    main()
