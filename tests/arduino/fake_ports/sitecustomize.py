# SPDX-License-Identifier: Apache-2.0
"""FAKE: PySerial's list of USB ports, for processes that have this folder on PYTHONPATH.

No machine here has boards on USB. ``FAKE_SERIAL_PORTS`` names a JSON file with a row for each port:
device, vendor, product, serial number, location. Those whose device is there are listed.
"""

import json
import os
import pathlib

from serial.tools import list_ports, list_ports_common


def fake_comports(include_links=False):
    """What is listed instead of this machine's ports."""
    rows = json.loads(pathlib.Path(os.environ["FAKE_SERIAL_PORTS"]).read_text())
    found = []
    for device, vid, pid, serial_number, location in rows:
        if os.path.lexists(device):
            port = list_ports_common.ListPortInfo(device)
            port.vid, port.pid, port.serial_number = vid, pid, serial_number
            port.location, port.description = location, "fake"
            found.append(port)
    return found


list_ports.comports = fake_comports
