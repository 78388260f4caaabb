# SPDX-License-Identifier: Apache-2.0
"""Which port is the board's."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any, Callable

import pytest

from server_kit.boards import ports as server_ports
from server_kit.boards import usb_devices
from server_kit.boards.ports import Port, choose_port, find_port, is_path_or_url, list_ports
from server_kit.errors import OptionError, ProjectError, ServerError
from tests.zephyr import usb_listings as usb

TEMPLATE = pathlib.Path(__file__).parents[2] / "templates/zephyr"
BOARD_FACTS = json.loads((TEMPLATE / "board_facts.json").read_text())
CONSOLE_INDEX = BOARD_FACTS["console_index"]


@pytest.fixture()
def descriptors(
    require_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> Callable[..., list[usb_devices.UsbDevice]]:
    """What pyusb makes of recorded devices, on a machine whose kernel knows of none."""
    require_module("usb.core", "read descriptors")
    from tests.zephyr.fake_usb import FakeUsbBackend

    monkeypatch.setattr(usb_devices, "_SYSFS", tmp_path)

    def read(*recorded: usb.Recorded) -> list[usb_devices.UsbDevice]:
        backend = FakeUsbBackend(recorded)
        found = usb_devices.list_devices(backend)
        assert backend.open_now == []
        return found

    return read


@pytest.mark.parametrize(
    ("ports", "choice", "device"),
    [
        (usb.NUCLEO, {}, "/dev/ttyACM0"),
        (usb.TWO_NUCLEOS, {"serial_number": "0672FF505353667267080944"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"serial_number": "0672ff505353667267080944"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"serial_number": "672FF505353667267080944"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"wanted": "1-3.1"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"wanted": "1-3"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"wanted": "0483:374B", "serial_number": "066DFF535550755187191037"}, 0),
        (usb.STLINK_V3, {"wanted": "1-4:1.2"}, "/dev/ttyACM2"),
        (usb.DAPLINK, {"wanted": "0D28:0204"}, "/dev/ttyACM0"),
        (usb.NANO_33_BLE, {"serial_number": "a5048aa7799337a8"}, "/dev/ttyACM0"),
        (usb.ESP32_S3, {"serial_number": "48:ca:43:59:06:20"}, "/dev/ttyACM0"),
        (usb.TWO_CP2102N, {"wanted": "3-6.1.7"}, "/dev/ttyUSB1"),
        (usb.TWO_CP2102, {"serial_number": "0001", "wanted": "3-4"}, "/dev/ttyUSB1"),
        (usb.TWO_CH340, {"wanted": "1-6"}, "/dev/ttyUSB1"),
        (usb.NUCLEO + usb.NRF5340_DK, {"wanted": "0483:374b"}, "/dev/ttyACM0"),
        (usb.NUCLEO + usb.NRF52_DK, {"likely_vendors": ["0483"]}, "/dev/ttyACM0"),
        (usb.NRF52_DK, {"likely_vendors": ["0483"]}, "/dev/ttyACM0"),
    ],
)
def test_the_board(ports: list[Port], choice: dict[str, Any], device: Any) -> None:
    expected = ports[device].device if isinstance(device, int) else device
    assert choose_port(ports, console_index=CONSOLE_INDEX, **choice).device == expected


@pytest.mark.parametrize(
    ("ports", "board", "device"),
    [
        (usb.NRF5340_DK, "nrf5340dk/nrf5340/cpuapp", "/dev/ttyACM2"),
        (usb.NRF5340_DK, "nrf5340dk@1.0.0/nrf5340/cpuapp/ns", "/dev/ttyACM2"),
        (usb.NRF5340_DK_2, "nrf5340dk/nrf5340/cpuapp", "/dev/ttyACM1"),
        (usb.NRF5340_DK_2, "nrf5340dk_nrf5340_cpuapp_ns", "/dev/ttyACM1"),
        (usb.NRF5340_DK_2, "nrf5340dk/nrf5340/cpunet", "/dev/ttyACM0"),
        # Its console has the pins of the second port, says the kit's page "Virtual serial ports":
        # https://docs.nordicsemi.com/r/~YKv8eslZtFFw36ARogCoQ/xrEvYwoDRPMV7xY9XWLheQ
        (usb.NRF5340_DK_2, "nrf54l15dk/nrf54l15/cpuapp", "/dev/ttyACM1"),
        # Zephyr's page of that board: the second chip is at the second port.
        (usb.NRF5340_DK, "nrf9160dk/nrf52840", "/dev/ttyACM1"),
        # The same ids, and the console is the first.
        (usb.NRF52840_DK_MACOS, "nrf52840dk/nrf52840", "/dev/cu.usbmodem0010502470941"),
        (usb.NRF5340_DK, "nrf9160dk/nrf9160", "/dev/ttyACM0"),
        (usb.FTDI_DUAL, "arty_a7/designstart_fpga_cortex_m3", "/dev/ttyUSB1"),
        (usb.FTDI_DUAL[1:], "arty_a7/designstart_fpga_cortex_m3", "/dev/ttyUSB1"),
        (usb.BLACK_MAGIC, "nucleo_f746zg", "/dev/ttyACM1"),
        (usb.DEBUG_PROBE, "rpi_pico/rp2040", "/dev/ttyACM0"),
    ],
)
def test_the_console_among_a_board_s_ports(ports: list[Port], board: str, device: str) -> None:
    for listed in (ports, ports[::-1]):
        chosen = choose_port(listed, console_index=CONSOLE_INDEX, board=board)
        assert chosen.device == device


def test_an_interface_named_is_the_one() -> None:
    choice = {"console_index": CONSOLE_INDEX, "board": "nrf5340dk/nrf5340/cpuapp"}
    assert choose_port(usb.NRF5340_DK, wanted="1-1.4:1.0", **choice).device == "/dev/ttyACM0"
    assert choose_port(usb.NRF5340_DK, wanted="1-1.4:1.2", **choice).device == "/dev/ttyACM1"


@pytest.mark.parametrize(
    ("ports", "choice", "said"),
    [
        ([], {}, ["no board is attached by USB; attach it, or name its console with the option"]),
        ([], {"serial_number": "7"}, ["no serial port fits serial number 7; attached: none"]),
        (usb.NUCLEO, {"serial_number": "7"}, ["no serial port fits serial number 7; attached:\n"]),
        (
            usb.TWO_NUCLEOS,
            {},
            [
                "2 boards fit; choose one with the option in front of it:",
                "\n  serial_number=066DFF535550755187191037: /dev/ttyACM0 (STM32 STLink, ",
            ],
        ),
        (
            usb.TWO_CH340,
            {"wanted": "1a86:7523"},
            ["2 boards fit 1a86:7523", "\n  port=1-5: /dev/ttyUSB0 (", "\n  port=1-6: /dev"],
        ),
        (
            usb.TWO_CP2102,
            {"serial_number": "0001"},
            ["2 boards fit serial number 0001", "\n  port=3-3: /dev", "\n  port=3-4: /dev"],
        ),
        (usb.TWO_CP2102N, {"wanted": "3-6"}, ["2 boards fit 3-6", "serial_number=14fefc"]),
        (usb.TWO_CP2102N, {"wanted": "3-6.1.5:1.0"}, ["no serial port fits 3-6.1.5:1.0"]),
        (usb.NUCLEO + usb.TWO_CH340, {}, ["3 boards fit", "serial_number=066D", "port=1-5"]),
        # A number that all have, and a board that has none.
        (usb.TWO_CH340, {"serial_number": "000000000000"}, ["no serial port fits serial number"]),
        (usb.TWO_CH340, {"serial_number": "0"}, ["no serial port fits serial number 0;"]),
    ],
)
def test_none_or_too_many(ports: list[Port], choice: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ProjectError) as caught:
        choose_port(ports, **choice)
    assert [words for words in said if words not in str(caught.value)] == []
    assert all(port.device in str(caught.value) for port in ports)


def test_numbers_that_differ_in_zeros_or_case_only() -> None:
    alike = [Port("/dev/a", 1, 2, "0001", "1-1"), Port("/dev/b", 1, 2, "001", "1-2")]
    assert choose_port(alike, serial_number="001").device == "/dev/b"
    with pytest.raises(ProjectError, match=r"2 boards fit serial number 1; [\s\S]*port=1-1: /dev"):
        choose_port(alike, serial_number="1")


def test_a_pattern_of_paths(tmp_path: pathlib.Path) -> None:
    """As with /dev/serial/by-id, whose links are named after maker, product and number."""
    links = tmp_path / "by-id"
    links.mkdir()
    ports = []
    for number, (name, location) in enumerate([("STLink_066D", "1-2"), ("J-Link_0006", "1-3")]):
        node = tmp_path / f"ttyACM{number}"
        node.touch()
        (links / f"usb-{name}-if02").symlink_to(node)
        ports.append(Port(str(node), 1, 2, name, f"{location}:1.2"))
    assert choose_port(ports, wanted=f"{links}/*STLink*").device == ports[0].device
    assert choose_port(ports, wanted=f"{tmp_path}/ttyACM[1-9]").device == ports[1].device
    with pytest.raises(ProjectError, match=f"2 boards fit {links}/"):
        choose_port(ports, wanted=f"{links}/*-if02")
    with pytest.raises(ProjectError, match="no serial port fits"):
        choose_port(ports, wanted=f"{links}/*DAPLink*")


def test_what_names_a_port(tmp_path: pathlib.Path) -> None:
    odd = tmp_path / "tty[0]"
    odd.touch()
    for given in (
        "/dev/ttyACM0",
        "/dev/serial/by-id/usb-SEGGER_J-Link_000683339521-if00",
        "COM3",
        "rfc2217://lab:4000?logging=debug",
        "socket://[::1]:5000",
        "loop://",
        str(odd),
    ):
        assert is_path_or_url(given)
    for given in ("1366:1015", "1-4.2", "1-4.2:1.2", "/dev/ttyACM*", "/dev/serial/by-id/*0006*"):
        assert not is_path_or_url(given)
    with pytest.raises(OptionError, match="'port' was given 'ttyACM0'; allowed are a device"):
        choose_port(usb.NUCLEO, wanted="ttyACM0")


@pytest.mark.parametrize(
    ("recorded", "choice", "said"),
    [
        (
            usb.BARE_JLINK,
            {"serial_number": "50027328"},
            "J-Link (1366:0101, serial number 000050027328, at 1-6) is attached but has no serial "
            "port; connect the board's UART to a serial adapter, and give that one's port with",
        ),
        (
            usb.BARE_STLINK,
            {"serial_number": "48ff7006657855552520 2167".replace(" ", "")},
            "STM32 STLink (0483:3748, serial number 48FF70066578555525202167, at 1-4.2) is",
        ),
        (usb.BARE_STLINK, {"serial_number": "483F70066578555525202167"}, "STM32 STLink (0483:3748"),
        (usb.BARE_STLINK, {"wanted": "1-4.2"}, "STM32 STLink (0483:3748"),
        (usb.BARE_CMSIS_DAP, {"wanted": "1A86:8011"}, "WCH-Link (1a86:8011"),
        (
            usb.STM32_DFU,
            {"wanted": "0483:df11"},
            "STM32  BOOTLOADER (0483:df11, serial number FFFFFFFEFFFF, at 1-1.1.4) is attached but "
            "has no serial port; it is in its bootloader: flash it, or reset it",
        ),
        (usb.PICO_BOOTSEL, {"serial_number": "E0C9125B0D9B"}, "it is in its bootloader"),
        (
            usb.CLOSED_STLINK,
            {"wanted": "0483:3748"},
            'ATTR{idVendor}=="0483", MODE="0660", GROUP="plugdev", TAG+="uaccess"',
        ),
    ],
)
def test_a_board_without_a_port_is_not_said_to_be_absent(
    descriptors: Callable[..., list[usb_devices.UsbDevice]],
    recorded: usb.Recorded,
    choice: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(ProjectError) as caught:
        choose_port(usb.NUCLEO, devices=descriptors(recorded, *usb.REST), **choice)
    assert said in str(caught.value)


def test_all_that_is_attached_is_listed(
    descriptors: Callable[..., list[usb_devices.UsbDevice]],
) -> None:
    devices = descriptors(usb.STLINK_V3_DEVICE, usb.BARE_JLINK, usb.CLOSED_STLINK, *usb.REST)
    with pytest.raises(ProjectError) as caught:
        choose_port(usb.STLINK_V3, serial_number="7", devices=devices)
    first, *lines = str(caught.value).splitlines()
    assert first == "no serial port fits serial number 7; attached:"
    assert lines[:3] == [
        "  /dev/ttyACM2 (STLINK-V3, 0483:374e, serial number 003A00323037510B35333131, at 1-4:1.2)",
        "  no serial port: J-Link (1366:0101, serial number 000050027328, at 1-6)",
        "  no serial port: USB device (0483:3748, serial number not readable, at 1-4.2)",
    ]
    assert lines[3].startswith("  this user may not open 0483:3748: echo 'SUBSYSTEM==")
    assert len(lines) == 4


def test_what_the_kernel_knows_of_a_device_that_may_not_be_opened(
    descriptors: Callable[..., list[usb_devices.UsbDevice]], tmp_path: pathlib.Path
) -> None:
    directory = tmp_path / usb.CLOSED_STLINK.where
    directory.mkdir()
    (directory / "product").write_text("STM32 STLink\n")
    (directory / "serial").write_text(f"{usb.CLOSED_STLINK.serial_number}\n", encoding="utf-8")
    (found,) = descriptors(usb.CLOSED_STLINK)
    said = "STM32 STLink (0483:3748, serial number 48FF70066578555525202167, at 1-4.2)"
    assert (str(found), found.is_closed) == (said, True)


def test_without_pyusb_or_libusb(
    require_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_module("usb.core", "see what it says without libusb")
    for backend in ("libusb1", "libusb0", "openusb"):
        module = require_module(f"usb.backend.{backend}", "take it away")
        monkeypatch.setattr(module, "get_backend", lambda *_, **__: None)
    assert usb_devices.list_devices() == []
    assert "libusb-1.0-0" in usb_devices.what_is_missing()
    monkeypatch.setitem(sys.modules, "usb.core", None)
    assert usb_devices.list_devices() == []
    assert usb_devices.what_is_missing().endswith("-m pip install pyusb")


def test_the_real_libusb_is_asked(require_module: Callable[..., Any]) -> None:
    require_module("usb.core", "ask libusb")
    if usb_devices.what_is_missing():
        pytest.skip(f"libusb is missing: {usb_devices.what_is_missing()}")
    assert all(str(device) for device in usb_devices.list_devices())


def test_a_port_that_appears_while_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that was flashed just now restarts."""
    listings = [[], [], usb.NUCLEO]
    monkeypatch.setattr(server_ports, "list_ports", lambda: listings.pop(0))
    assert find_port(serial_number="066DFF535550755187191037").device == "/dev/ttyACM0"


def test_a_port_that_does_not_appear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_ports, "APPEAR_SEC", 0.3)
    monkeypatch.setattr(server_ports, "list_ports", lambda: usb.NUCLEO)
    monkeypatch.setattr(usb_devices, "list_devices", list)
    with pytest.raises(ProjectError, match="no serial port fits serial number 7"):
        find_port(serial_number="7")


def test_ports_that_go_while_they_are_listed(
    require_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PySerial 3.5 takes the number of a device, which is gone, from None."""
    pyserial = require_module("serial.tools.list_ports", "list ports")
    answers = [2, 0]

    def listing() -> list[Any]:
        if answers.pop():
            int(None)  # type: ignore[call-overload]
        return []

    monkeypatch.setattr(pyserial, "comports", listing)
    answers[:] = [0, 1, 1]
    assert list_ports() == []
    answers[:] = [1] * 9
    with pytest.raises(ServerError, match="come and go too fast"):
        list_ports()


def test_a_board_is_locked_by_one_name_however_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attached = usb.NRF5340_DK + usb.TWO_CP2102
    monkeypatch.setattr(server_ports, "list_ports", lambda: attached)
    flashed = server_ports.boards_to_flash("960012345", [])
    assert flashed == ["USB 1-1.4"]
    assert server_ports.boards_at("/dev/ttyACM2", None) == flashed
    assert server_ports.boards_at("/dev/ttyACM2", "000960012345") == flashed
    # A probe beside a serial adapter: neither may be flashed meanwhile.
    assert server_ports.boards_at("/dev/ttyUSB0", "960012345") == ["USB 1-1.4", "USB 3-3"]
    # What a number does not tell apart, it locks.
    assert server_ports.boards_to_flash("1", []) == ["USB 3-3", "USB 3-4"]
    assert server_ports.boards_to_flash(None, ["1366"]) == flashed
    assert server_ports.boards_to_flash(None, ["0483"]) == []
    assert server_ports.boards_to_flash(None, ["1366"], "/dev/ttyUSB1") == ["USB 3-4"]
    assert server_ports.boards_to_flash(None, ["1366"], "socket://lab:5000") == flashed
    # A probe without a port is known by its number alone, in any form.
    assert server_ports.boards_to_flash("000A1", []) == ["a1"]
    assert server_ports.boards_to_flash("000", []) == ["0"]
    assert server_ports.boards_at("socket://lab:5000", "a1") == ["a1"]


def test_facts_of_boards() -> None:
    usb_id_or_board = [name for name in CONSOLE_INDEX if ":" not in name]
    assert all("dk" in name for name in usb_id_or_board)
    for vendors in BOARD_FACTS["probe_vendors"].values():
        assert all(len(vendor) == 4 and int(vendor, 16) for vendor in vendors)
