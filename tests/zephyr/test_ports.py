# SPDX-License-Identifier: Apache-2.0
"""Which port is the board's."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from server_kit.errors import OptionError, ProjectError
from server_kit.ports import Port, choose_port, is_path_or_url
from tests.zephyr import usb_listings as usb

CONSOLE_INDEX = json.loads(
    (pathlib.Path(__file__).parents[2] / "templates/zephyr/boards.json").read_text()
)["console_index"]


@pytest.mark.parametrize(
    ("ports", "choice", "device"),
    [
        (usb.NUCLEO, {}, "/dev/ttyACM0"),
        (usb.TWO_NUCLEOS, {"serial_number": "0667FF3930325043430A1234"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"serial_number": "0667ff3930325043430a1234"}, "/dev/ttyACM1"),
        (usb.TWO_NUCLEOS, {"wanted": "1-3.1"}, "/dev/ttyACM1"),
        (usb.STLINK_V3, {}, "/dev/ttyACM2"),
        (usb.STLINK_V3, {"wanted": "1-4:1.3"}, "/dev/ttyACM3"),
        (usb.NRF5340_DK, {}, "/dev/ttyACM2"),
        (usb.NRF5340_DK, {"serial_number": "960012345"}, "/dev/ttyACM2"),
        (usb.NRF5340_DK_2, {}, "/dev/ttyACM1"),
        (usb.NUCLEO + usb.NRF5340_DK, {"wanted": "0483:374b"}, "/dev/ttyACM0"),
        (usb.NUCLEO + usb.NRF5340_DK, {"likely_vendors": ["1366"]}, "/dev/ttyACM2"),
        (usb.NO_NUMBERS, {"wanted": "1-6"}, "/dev/ttyUSB1"),
    ],
)
def test_the_board_s_console(ports: list[Port], choice: dict[str, Any], device: str) -> None:
    assert choose_port(ports, console_index=CONSOLE_INDEX, **choice).device == device


@pytest.mark.parametrize(
    ("ports", "choice", "said"),
    [
        ([], {}, "no serial port fits; attached: none"),
        (usb.NUCLEO, {"serial_number": "7"}, "no serial port fits serial number 7; attached: /dev"),
        (usb.TWO_NUCLEOS, {}, "2 boards fit; choose one with the option serial_number or port: "),
        (usb.NO_NUMBERS, {"wanted": "1a86:7523"}, "2 boards fit 1a86:7523"),
        (usb.NUCLEO + usb.NRF5340_DK, {}, "2 boards fit"),
    ],
)
def test_none_or_too_many(ports: list[Port], choice: dict[str, Any], said: str) -> None:
    with pytest.raises(ProjectError) as caught:
        choose_port(ports, **choice)
    assert said in str(caught.value)
    assert all(port.device in str(caught.value) for port in ports)


def test_what_names_a_port() -> None:
    for given in ("/dev/ttyACM0", "COM3", "rfc2217://lab:4000", "socket://[::1]:5000", "loop://"):
        assert is_path_or_url(given)
    for given in ("1366:1015", "1-4.2", "1-4.2:1.2"):
        assert not is_path_or_url(given)
    with pytest.raises(OptionError, match="'port' was given 'ttyACM0'; allowed are a device"):
        choose_port(usb.NUCLEO, wanted="ttyACM0")
