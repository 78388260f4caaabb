# SPDX-License-Identifier: Apache-2.0
"""What is attached to a machine, as data for tests.

USB ids, names, forms of serial numbers and interface numbers are those that people published of
their boards; where, is said beside each. Two things are made up: where a board is plugged in, and
the digits of most serial numbers. ``LISTINGS`` are PySerial's, ``RECORDED`` are descriptors.
"""

from __future__ import annotations

import dataclasses

from server_kit.boards.ports import Port


def _ports(*rows: tuple[str, int, int, str | None, str, str]) -> list[Port]:
    return [Port(*row) for row in rows]


#: nucleo_f746zg, nucleo_l4r5zi, stm32f746g_disco: ST-LINK/V2-1 has one port.
#: https://github.com/RIOT-OS/RIOT/pull/5721 and
#: https://github.com/balena-io-experimental/edge-node-manager/issues/91
NUCLEO = _ports(
    ("/dev/ttyACM0", 0x0483, 0x374B, "066DFF535550755187191037", "1-2:1.2", "STM32 STLink")
)

#: Two of a kind, side by side on a hub.
TWO_NUCLEOS = [
    *NUCLEO,
    *_ports(
        ("/dev/ttyACM1", 0x0483, 0x374B, "0672FF505353667267080944", "1-3.1:1.2", "STM32 STLink")
    ),
]

#: b_u585i_iot02a: STLINK-V3, a port after its debug and storage interfaces.
#: https://github.com/stlink-org/stlink/issues/1022
STLINK_V3 = _ports(
    ("/dev/ttyACM2", 0x0483, 0x374E, "003A00323037510B35333131", "1-4:1.2", "STLINK-V3")
)

#: nrf5340dk, first edition: J-Link with three ports, the application core's is the last.
#: https://github.com/apache/tvm/issues/10206 (ids), https://github.com/nrfconnect/sdk-nrf/pull/6358
#: (order)
NRF5340_DK = _ports(
    ("/dev/ttyACM0", 0x1366, 0x1055, "000960012345", "1-1.4:1.0", "J-Link"),
    ("/dev/ttyACM1", 0x1366, 0x1055, "000960012345", "1-1.4:1.2", "J-Link"),
    ("/dev/ttyACM2", 0x1366, 0x1055, "000960012345", "1-1.4:1.4", "J-Link"),
)

#: nrf5340dk, second edition: two ports, the application core's is the last.
#: https://github.com/apache/tvm/issues/10206
NRF5340_DK_2 = _ports(
    ("/dev/ttyACM0", 0x1366, 0x1051, "001050063518", "2-1:1.0", "J-Link"),
    ("/dev/ttyACM1", 0x1366, 0x1051, "001050063518", "2-1:1.2", "J-Link"),
)

#: nrf52840dk, third edition, on macOS: the same ids, but the console is the first.
#: https://github.com/tock/tockloader/issues/113
NRF52840_DK_MACOS = _ports(
    (
        "/dev/cu.usbmodem0010502470943",
        0x1366,
        0x1051,
        "001050247094",
        "20-2",
        "J-Link - CDC DATA interface",
    ),
    (
        "/dev/cu.usbmodem0010502470941",
        0x1366,
        0x1051,
        "001050247094",
        "20-2",
        "J-Link - CDC DATA interface",
    ),
)

#: nrf52dk: the J-Link of older kits.
#: https://devzone.nordicsemi.com/question/186201/nrf52-dk-embedded-serial-port-issues-on-ubuntu/
NRF52_DK = _ports(("/dev/ttyACM0", 0x1366, 0x1015, "000682278658", "1-4.1.1:1.0", "J-Link"))

#: mimxrt1050_evk, mimxrt1060_evk and others with DAPLink; by-id links end in -if01.
#: https://github.com/ARMmbed/mbed-ls/pull/68
DAPLINK = _ports(
    (
        "/dev/ttyACM0",
        0x0D28,
        0x0204,
        "0240000033514e45001f500585d40014e981000097969900",
        "1-1:1.1",
        "DAPLink CMSIS-DAP - mbed Serial Port",
    )
)

#: The Raspberry Pi's debug probe: CMSIS-DAP first, then the port.
#: https://github.com/raspberrypi/linux/issues/7151
DEBUG_PROBE = _ports(
    (
        "/dev/ttyACM0",
        0x2E8A,
        0x000C,
        "E6616407E357C32A",
        "1-1.2:1.1",
        "Debug Probe (CMSIS-DAP)",
    )
)

#: A Black Magic Probe: the first port is gdb's, the second is the UART.
#: https://github.com/RIOT-OS/RIOT/pull/22640
BLACK_MAGIC = _ports(
    ("/dev/ttyACM0", 0x1D50, 0x6018, "7BAC69AC", "1-5:1.0", "Black Magic GDB Server"),
    ("/dev/ttyACM1", 0x1D50, 0x6018, "7BAC69AC", "1-5:1.2", "Black Magic UART Port"),
)

#: A board with FTDI's two-channel chip: JTAG on the first channel, the UART on the second.
#: https://github.com/laanwj/k210-sdk-stuff/issues/2
FTDI_DUAL = _ports(
    ("/dev/ttyUSB0", 0x0403, 0x6010, None, "5-2:1.0", "Dual RS232"),
    ("/dev/ttyUSB1", 0x0403, 0x6010, None, "5-2:1.1", "Dual RS232"),
)

#: esp32 boards with CP2102N. https://github.com/espressif/esptool/issues/1027
TWO_CP2102N = _ports(
    (
        "/dev/ttyUSB0",
        0x10C4,
        0xEA60,
        "14fefc9fe665ee119c09926293cd958c",
        "3-6.1.5",
        "CP2102N USB to UART Bridge Controller",
    ),
    (
        "/dev/ttyUSB1",
        0x10C4,
        0xEA60,
        "7c98d1065267ee11bcc4c8ab93cd958c",
        "3-6.1.7",
        "CP2102N USB to UART Bridge Controller",
    ),
)

#: Their predecessors all have the serial number 0001. https://github.com/pop-os/beta/issues/421
TWO_CP2102 = _ports(
    ("/dev/ttyUSB0", 0x10C4, 0xEA60, "0001", "3-3", "CP2102 USB to UART Bridge Controller"),
    ("/dev/ttyUSB1", 0x10C4, 0xEA60, "0001", "3-4", "CP2102 USB to UART Bridge Controller"),
)

#: CH340 has none. https://github.com/Joshua-Riek/ubuntu-rockchip/issues/621
TWO_CH340 = _ports(
    ("/dev/ttyUSB0", 0x1A86, 0x7523, None, "1-5", "USB2.0-Serial"),
    ("/dev/ttyUSB1", 0x1A86, 0x7523, None, "1-6", "USB2.0-Serial"),
)

#: ESP32-C3 and S3 by their own USB. https://github.com/meshtastic/python/issues/641
ESP32_S3 = _ports(
    ("/dev/ttyACM0", 0x303A, 0x1001, "48:CA:43:59:06:20", "1-7:1.0", "USB JTAG/serial debug unit")
)

#: The bootloader of a Nano 33 BLE. https://github.com/zephyrproject-rtos/zephyr/issues/33352
NANO_33_BLE = _ports(
    (
        "/dev/ttyACM0",
        0x2341,
        0x005A,
        "0000000000000000A5048AA7799337A8",
        "1-10:1.0",
        "Arduino Nano 33 BLE",
    )
)


@dataclasses.dataclass(frozen=True)
class Recorded:
    """Descriptors of a device.

    Parameters
    ----------
    vid, pid : int
    where : str
        Bus and ports, ``1-4.2``.
    product, serial_number : str
    interfaces : tuple of (int, int, int, str)
        Class, subclass, protocol and name of each.
    device_class : int
    is_closed : bool
        Whether opening it is refused, as without a rule of udev.
    """

    vid: int
    pid: int
    where: str
    product: str
    serial_number: str
    interfaces: tuple[tuple[int, int, int, str], ...]
    device_class: int = 0
    is_closed: bool = False


_DEBUG = (0xFF, 0xFF, 0xFF, "")
_STORAGE = (0x08, 0x06, 0x50, "")

#: The bare ST-LINK/V2: no port, and a serial number of bytes.
#: https://github.com/stlink-org/stlink/issues/7, https://github.com/a-v-s/gethla
BARE_STLINK = Recorded(0x0483, 0x3748, "1-4.2", "STM32 STLink", "H\xffp\x06exUU% !g", (_DEBUG,))

#: The same where no rule of udev lets this user open it.
#: https://github.com/stlink-org/stlink/issues/977
CLOSED_STLINK = dataclasses.replace(BARE_STLINK, is_closed=True)

#: STLINK-V3 on a board. https://github.com/pyusb/pyusb/issues/395,
#: https://github.com/stlink-org/stlink/issues/1022
STLINK_V3_DEVICE = Recorded(
    0x0483,
    0x374E,
    "1-4",
    "STLINK-V3",
    "003A00323037510B35333131",
    (_DEBUG, _STORAGE, (0x02, 0x02, 0x01, ""), (0x0A, 0, 0, "")),
    0xEF,
)

#: A J-Link without virtual ports. The form of its serial number:
#: https://github.com/tuna-f1sh/cyme/issues/15
BARE_JLINK = Recorded(0x1366, 0x0101, "1-6", "J-Link", "000050027328", (_DEBUG,))

#: CMSIS-DAP as a HID device with no port, which has the name in its interface only.
#: https://github.com/probe-rs/probe-rs/pull/1142
BARE_CMSIS_DAP = Recorded(
    0x1A86, 0x8011, "1-7", "WCH-Link", "0001A0000001", ((0x03, 0, 0, "WCH CMSIS-DAP"),)
)

#: An STM32 in its ROM. https://github.com/UsbCANConverter-UCCbasic/UCCBEmbedded/issues/7
STM32_DFU = Recorded(
    0x0483, 0xDF11, "1-1.1.4", "STM32  BOOTLOADER", "FFFFFFFEFFFF", ((0xFE, 1, 2, "@Internal"),)
)

#: A Pico in its ROM: storage, and the interface of picotool.
#: https://github.com/raspberrypi/picotool/issues/38
PICO_BOOTSEL = Recorded(
    0x2E8A, 0x0003, "1-8", "RP2 Boot", "E0C9125B0D9B", (_STORAGE, (0xFF, 0, 0, ""))
)

#: What else a machine has: a hub, a keyboard, a wireless adapter without a name.
REST = (
    Recorded(0x2109, 0x3431, "1-1", "USB2.0 Hub", "", ((0x09, 0, 0, ""),), 0x09),
    Recorded(0x046D, 0xC31C, "1-9", "USB Keyboard", "", ((0x03, 1, 1, ""),)),
    Recorded(0x0424, 0x7800, "1-1.1", "", "", ((0xFF, 0, 0xFF, ""),)),
)
