# SPDX-License-Identifier: Apache-2.0
"""What PySerial's list_ports says of machines with boards attached, as data for tests.

Written down after the vendors' descriptions of their probes (USB ids, numbers of ports, interface
numbers); serial numbers are made up. Columns: device, VID, PID, serial number, location.
"""

from __future__ import annotations

from server_kit.ports import Port


def _ports(*rows: tuple[str, int, int, str | None, str]) -> list[Port]:
    return [Port(*row) for row in rows]


#: A Nucleo: ST-LINK/V2-1 has one port.
NUCLEO = _ports(("/dev/ttyACM0", 0x0483, 0x374B, "066BFF505550836687054321", "1-2:1.2"))

#: Two of a kind, side by side on a hub.
TWO_NUCLEOS = [
    *NUCLEO,
    *_ports(("/dev/ttyACM1", 0x0483, 0x374B, "0667FF3930325043430A1234", "1-3.1:1.2")),
]

#: ST-LINK/V3 of an STM32 discovery kit: two ports, the first is the console.
STLINK_V3 = _ports(
    ("/dev/ttyACM3", 0x0483, 0x3754, "002D00253038510A34333834", "1-4:1.3"),
    ("/dev/ttyACM2", 0x0483, 0x3754, "002D00253038510A34333834", "1-4:1.1"),
)

#: nRF5340 DK, first edition: J-Link with three ports, the application core's is the last.
NRF5340_DK = _ports(
    ("/dev/ttyACM0", 0x1366, 0x1055, "000960012345", "1-1.4:1.0"),
    ("/dev/ttyACM1", 0x1366, 0x1055, "000960012345", "1-1.4:1.2"),
    ("/dev/ttyACM2", 0x1366, 0x1055, "000960012345", "1-1.4:1.4"),
)

#: nRF5340 DK, second edition: two ports.
NRF5340_DK_2 = _ports(
    ("/dev/ttyACM0", 0x1366, 0x1051, "001050012345", "2-1:1.0"),
    ("/dev/ttyACM1", 0x1366, 0x1051, "001050012345", "2-1:1.2"),
)

#: Two adapters without serial numbers.
NO_NUMBERS = _ports(
    ("/dev/ttyUSB0", 0x1A86, 0x7523, None, "1-5"),
    ("/dev/ttyUSB1", 0x1A86, 0x7523, None, "1-6"),
)
