# SPDX-License-Identifier: Apache-2.0
"""Which serial port is the board's, among those that USB says are there."""

from __future__ import annotations

import re

from .errors import OptionError, ProjectError
from .transports.serial import import_pyserial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping, Sequence

_USB_ID = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)
_LOCATION = re.compile(r"\d+-\d+(?:\.\d+)*(?::\d+\.\d+)?")
_PATH_OR_URL = re.compile(r"/|[A-Za-z0-9+]+://|COM\d+$")


class Port:
    """A serial port of a USB device.

    Parameters
    ----------
    device : str
        For example ``/dev/ttyACM0``.
    vid, pid : int
        USB's vendor and product.
    serial_number : str or None
    location : str or None
        Where it is plugged in, and after a colon the interface, for example ``1-4.2:1.2``.
    description : str
    """

    def __init__(
        self,
        device: str,
        vid: int,
        pid: int,
        serial_number: str | None = None,
        location: str | None = None,
        description: str = "",
    ) -> None:
        self.device = device
        self.usb_id = f"{vid:04x}:{pid:04x}"
        self.serial_number = serial_number or ""
        self.location = location or ""
        self.description = description

    @property
    def board(self) -> tuple[str, str, str]:
        """The same for all ports of one board."""
        return (self.usb_id, self.serial_number, self.location.split(":")[0])

    def __str__(self) -> str:
        serial_number = self.serial_number or "none"
        return f"{self.device} (USB {self.usb_id}, serial number {serial_number}, {self.location})"


def list_ports() -> list[Port]:
    """The serial ports of USB devices attached to this machine."""
    import_pyserial()
    from serial.tools import list_ports as pyserial_list

    return [
        Port(port.device, port.vid, port.pid, port.serial_number, port.location, port.description)
        for port in pyserial_list.comports()
        if port.vid is not None
    ]


def is_path_or_url(given: str) -> bool:
    """Whether the option ``port`` names a port outright, not a way to find it."""
    return _PATH_OR_URL.match(given) is not None


def choose_port(
    ports: Iterable[Port],
    *,
    serial_number: str | None = None,
    wanted: str | None = None,
    likely_vendors: Sequence[str] = (),
    console_index: Mapping[str, int] | None = None,
) -> Port:
    """The port that a board's console is at.

    Parameters
    ----------
    ports : iterable of Port
        Those attached.
    serial_number : str, optional
        The board's. Zeros in front do not count: tools write J-Link's with and without them.
    wanted : str, optional
        ``VID:PID`` or a USB location, ``1-4.2`` or with an interface ``1-4.2:1.2``.
    likely_vendors : sequence of str
        Vendors, as ``1366``, whose ports are preferred where more than one board is attached.
    console_index : mapping, optional
        ``VID:PID`` of a board with several ports to the number of its console, counted from 0 in
        the order of USB's interfaces. The first where nothing is said.

    Raises
    ------
    ProjectError :
        When no port fits, or ports of several boards do; all there are, are listed.
    """
    attached = list(ports)
    found = [port for port in attached if _fits(port, serial_number, wanted)]
    if len(_boards(found)) > 1:
        likely = [port for port in found if port.usb_id.split(":")[0] in likely_vendors]
        found = likely or found
    if not found:
        raise ProjectError(
            f"no serial port fits{_criteria(serial_number, wanted)}; attached: {_listed(attached)}"
        )
    if len(_boards(found)) > 1:
        raise ProjectError(
            f"the ports of {len(_boards(found))} boards fit{_criteria(serial_number, wanted)}; "
            f"choose one with the option serial_number or port: {_listed(found)}"
        )
    found.sort(key=_interface)
    index = (console_index or {}).get(found[0].usb_id, 0)
    return found[min(index, len(found) - 1)]


def _fits(port: Port, serial_number: str | None, wanted: str | None) -> bool:
    if serial_number is not None and _plain(port.serial_number) != _plain(serial_number):
        return False
    if wanted is None:
        return True
    if _USB_ID.fullmatch(wanted):
        return port.usb_id == wanted.lower()
    if _LOCATION.fullmatch(wanted):
        return wanted in (port.location, port.location.split(":")[0])
    raise OptionError(
        f"option 'port' was given {wanted!r}; allowed are a device (/dev/ttyACM0), a URL "
        "(rfc2217://host:4000), USB's VID:PID (1366:1015) and a USB location (1-4.2)"
    )


def _plain(serial_number: str) -> str:
    return serial_number.lstrip("0").lower()


def _boards(ports: Iterable[Port]) -> set[tuple[str, str, str]]:
    return {port.board for port in ports}


def _interface(port: Port) -> tuple[list[int], list[int]]:
    numbers = re.findall(r"\d+", port.location.partition(":")[2])
    trailing = re.findall(r"\d+", port.device)
    return [int(number) for number in numbers], [int(number) for number in trailing]


def _criteria(serial_number: str | None, wanted: str | None) -> str:
    said = [f"serial number {serial_number}"] if serial_number else []
    said += [f"{wanted}"] if wanted else []
    return f" {' and '.join(said)}" if said else ""


def _listed(ports: Iterable[Port]) -> str:
    return ", ".join(map(str, ports)) or "none"
