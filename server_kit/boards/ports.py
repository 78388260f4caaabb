# SPDX-License-Identifier: Apache-2.0
"""Which serial port is the board's, among those that USB says are there."""

from __future__ import annotations

import glob
import os
import re
import time

from ..errors import OptionError, ProjectError, ServerError
from ..transports.serial import import_pyserial
from . import usb_devices
from .access import what_opens_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping, Sequence

    from .usb_devices import UsbDevice

#: A board that was flashed, or plugged in just now, is back within this time.
APPEAR_SEC = 3.0

_POLL_SEC = 0.2
_LISTINGS = 5
_USB_ID = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)
_LOCATION = re.compile(r"\d+-\d+(?:\.\d+)*(?::\d+\.\d+)?")
_PATH_OR_URL = re.compile(r"/|[A-Za-z0-9+]+://|COM\d+$")
_REVISION = re.compile(r"@[^/]*")


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
        What USB calls the product, and the interface where that has a name.
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
    def device_location(self) -> str:
        """Where the device is plugged in, whichever of its interfaces this port is."""
        return self.location.split(":")[0]

    @property
    def board(self) -> tuple[str, str, str]:
        """The same for all ports of one board."""
        return (self.usb_id, self.serial_number, self.device_location)

    @property
    def lock_name(self) -> str:
        """What the board is locked by, however a user names it."""
        return f"USB {self.device_location}" if self.location else self.device

    def __str__(self) -> str:
        said = f"serial number {self.serial_number}" if self.serial_number else "no serial number"
        return f"{self.device} ({self.description}, {self.usb_id}, {said}, at {self.location})"


def list_ports() -> list[Port]:
    """The serial ports of USB devices attached to this machine."""
    import_pyserial()
    from serial.tools import list_ports as pyserial_list

    for _ in range(_LISTINGS):
        try:
            return [
                Port(one.device, one.vid, one.pid, one.serial_number, one.location, one.description)
                for one in pyserial_list.comports()
                if one.vid is not None
            ]
        except (TypeError, OSError):
            time.sleep(_POLL_SEC)  # PySerial 3.5 stumbles over a port that goes while it looks
    raise ServerError("serial ports come and go too fast to be listed; is a cable loose?")


def is_path_or_url(given: str) -> bool:
    """Whether the option ``port`` names a port outright, not a way to find it."""
    return _PATH_OR_URL.match(given) is not None and not _is_pattern(given)


def find_port(
    *,
    serial_number: str | None = None,
    wanted: str | None = None,
    likely_vendors: Sequence[str] = (),
    console_index: Mapping[str, int] | None = None,
    board: str = "",
) -> Port:
    """The port that a board's console is at, now or as soon as it appears.

    Parameters and errors are those of :func:`choose_port`.
    """
    deadline = time.monotonic() + APPEAR_SEC
    while True:
        attached = list_ports()
        is_there = bool(_fitting(attached, serial_number, wanted))
        if is_there or time.monotonic() >= deadline:
            return choose_port(
                attached,
                serial_number=serial_number,
                wanted=wanted,
                likely_vendors=likely_vendors,
                console_index=console_index,
                board=board,
                devices=() if is_there else usb_devices.list_devices(),
            )
        time.sleep(_POLL_SEC)


def choose_port(
    ports: Iterable[Port],
    *,
    serial_number: str | None = None,
    wanted: str | None = None,
    likely_vendors: Sequence[str] = (),
    console_index: Mapping[str, int] | None = None,
    board: str = "",
    devices: Iterable[UsbDevice] = (),
) -> Port:
    """The port that a board's console is at.

    Parameters
    ----------
    ports : iterable of Port
        Those attached.
    serial_number : str, optional
        The board's. Case and zeros in front do not count, where they tell no two boards apart:
        tools write J-Link's with and without them.
    wanted : str, optional
        ``VID:PID``; a USB location, ``1-4.2`` or with an interface ``1-4.2:1.2``, or that of a hub
        for what is plugged in there; a pattern of paths, ``/dev/serial/by-id/*SEGGER*``.
    likely_vendors : sequence of str
        Vendors, as ``1366``, whose ports are preferred where more than one board is attached.
    console_index : mapping, optional
        The name of a board with several ports, or its ``VID:PID``, to the number of its console,
        counted in the order of USB's interfaces: 0 is the first, which it is where nothing is
        said, and -1 the last.
    board : str
        The board's name for ``console_index``.
    devices : iterable of UsbDevice
        All that is attached, for the message where no port fits.

    Raises
    ------
    ProjectError :
        When no port fits, or ports of several boards do; all there are, are listed.
    """
    attached = list(ports)
    found = _fitting(attached, serial_number, wanted)
    if len(_boards(found)) > 1:
        found = _likely(found, likely_vendors) or found
    if not found:
        raise ProjectError(_none_fits(attached, list(devices), serial_number, wanted))
    if len(_boards(found)) > 1:
        raise ProjectError(
            f"the ports of {len(_boards(found))} boards fit{_criteria(serial_number, wanted)}; "
            f"choose one with the option in front of it:{_choices(found, attached)}"
        )
    found.sort(key=_interface)
    index = _console(console_index or {}, board, found[0].usb_id)
    return found[min(index, len(found) - 1)]


def at_path(path: str) -> Port | None:
    """The USB port behind a path; None where there is none, or no PySerial to ask."""
    real = os.path.realpath(path)
    return next((one for one in _list_if_possible() if os.path.realpath(one.device) == real), None)


def described(path: str) -> str:
    """A path, and by what else its board can be chosen."""
    port = at_path(path)
    known = [f"serial number {port.serial_number}"] if port and port.serial_number else []
    known += [f"at {port.device_location}"] if port and port.location else []
    return path + (f" ({', '.join(known)})" if known else "")


def find_again(serial_number: str, location: str) -> Port | None:
    """The port of a board that went and comes back, under whatever name.

    Parameters
    ----------
    serial_number : str
        Of its port before it went; may be empty. Bootloaders may have another or none.
    location : str
        Where it was plugged in: counts where no port has the serial number. May be empty.

    Returns
    -------
    Port or None :
        None when it is not back within `APPEAR_SEC`, or several boards have that serial number.
    """
    deadline = time.monotonic() + APPEAR_SEC
    while True:
        attached = _list_if_possible()
        found = _numbered(attached, serial_number) if serial_number else []
        if not found and location:
            found = [port for port in attached if _is_below(port.location, location)]
        if found or time.monotonic() >= deadline:
            found.sort(key=_interface)
            return found[0] if len(_boards(found)) == 1 else None
        time.sleep(_POLL_SEC)


def boards_to_flash(
    serial_number: str | None, likely_vendors: Sequence[str], port: str | None = None
) -> list[str]:
    """The names that every board which flashing may reach is locked by.

    Parameters
    ----------
    serial_number : str or None
        The board's, or its probe's.
    likely_vendors : sequence of str
        Those of probes that the flashing tool works with.
    port : str, optional
        The path of the console, where that is given.

    Returns
    -------
    list of str :
        Empty where nothing is known.
    """
    named = boards_at(port, serial_number) if port else []
    if named:
        return named
    attached = _list_if_possible()
    if serial_number:
        return _named_by(serial_number, attached)
    return sorted({port.lock_name for port in _likely(attached, likely_vendors)})


def boards_at(port: str, serial_number: str | None) -> list[str]:
    """The names that the board behind a port is locked by.

    Parameters
    ----------
    port : str
        A path or a URL.
    serial_number : str or None
        The board's, or that of a probe beside the port.
    """
    attached = _list_if_possible()
    path = os.path.realpath(port)
    names = {one.lock_name for one in attached if os.path.realpath(one.device) == path}
    return sorted(names.union(_named_by(serial_number, attached) if serial_number else ()))


def _list_if_possible() -> list[Port]:
    try:
        return list_ports()
    except ServerError:
        return []  # flashing needs no PySerial


def _named_by(serial_number: str, attached: Iterable[Port]) -> list[str]:
    ports = _numbered(attached, serial_number)
    return sorted({port.lock_name for port in ports}) or [_plain(serial_number)]


def _fitting(attached: Sequence[Port], serial_number: str | None, wanted: str | None) -> list[Port]:
    found = [port for port in attached if wanted is None or _is_at(port, wanted)]
    return _numbered(found, serial_number) if serial_number else found


def _numbered(ports: Iterable[Port], serial_number: str) -> list[Port]:
    alike = [port for port in ports if _is_same_number(port.serial_number, serial_number)]
    return [port for port in alike if port.serial_number == serial_number] or alike


def _is_same_number(attached: str, given: str) -> bool:
    # Of an ST-LINK/V2's bytes, some tools print those that are not ASCII as question marks'.
    as_ascii = attached.encode("ascii", "replace").decode("ascii")
    return bool(attached) and _plain(given) in (_plain(attached), _plain(as_ascii))


def _plain(serial_number: str) -> str:
    return usb_devices.readable(serial_number).lstrip("0").lower() or "0"


def _is_at(port: Port, wanted: str) -> bool:
    if _USB_ID.fullmatch(wanted):
        return port.usb_id == wanted.lower()
    if _LOCATION.fullmatch(wanted):
        return _is_below(port.location, wanted)
    if _is_pattern(wanted):
        return os.path.realpath(port.device) in map(os.path.realpath, glob.glob(wanted))
    raise OptionError(
        f"option 'port' was given {wanted!r}; allowed are a device (/dev/ttyACM0), a pattern of "
        "devices (/dev/serial/by-id/*), a URL (rfc2217://host:4000), USB's VID:PID (1366:1015) and "
        "a USB location (1-4.2)"
    )


def _is_below(location: str, wanted: str) -> bool:
    """Whether a location is the one wanted, an interface there, or behind the hub there."""
    return location == wanted or location.startswith((f"{wanted}:", f"{wanted}."))


def _is_pattern(given: str) -> bool:
    return given.startswith("/") and glob.has_magic(given) and not os.path.exists(given)


def _boards(ports: Iterable[Port]) -> set[tuple[str, str, str]]:
    return {port.board for port in ports}


def _likely(ports: Iterable[Port], vendors: Sequence[str]) -> list[Port]:
    return [port for port in ports if port.usb_id.split(":")[0] in vendors]


def _interface(port: Port) -> tuple[list[int], list[int]]:
    numbers = re.findall(r"\d+", port.location.partition(":")[2])
    trailing = re.findall(r"\d+", port.device)
    return [int(number) for number in numbers], [int(number) for number in trailing]


def _console(index_of: Mapping[str, int], board: str, usb_id: str) -> int:
    plain = _REVISION.sub("", board)
    for name, index in index_of.items():
        if name == usb_id or plain == name or plain.startswith((f"{name}/", f"{name}_")):
            return index
    return 0


def _none_fits(
    attached: Sequence[Port],
    devices: Sequence[UsbDevice],
    serial_number: str | None,
    wanted: str | None,
) -> str:
    with_port = {port.device_location for port in attached}
    bare = [one for one in devices if one.location not in with_port and one.may_be_board]
    meant = [one for one in bare if _is_meant(one, serial_number, wanted)]
    if meant:
        return _has_no_port(meant[0])
    if not attached and not devices and serial_number is wanted is None:
        return "no board is attached by USB; attach it, or name its console with the option port"
    lines = [str(port) for port in attached] + [f"no serial port: {device}" for device in bare]
    closed = dict.fromkeys(device.usb_id for device in bare if device.is_closed)
    lines += [f"this user may not open {each}: {what_opens_device(each)}" for each in closed]
    listed = "".join(f"\n  {line}" for line in lines) or " none"
    return f"no serial port fits{_criteria(serial_number, wanted)}; attached:{listed}"


def _is_meant(device: UsbDevice, serial_number: str | None, wanted: str | None) -> bool:
    if serial_number is not None:
        return _is_same_number(device.serial_number, serial_number)
    return wanted is not None and (wanted.lower() == device.usb_id or wanted == device.location)


def _has_no_port(device: UsbDevice) -> str:
    if device.is_bootloader:
        what_next = "it is in its bootloader: flash it, or reset it into its firmware"
    else:
        what_next = (
            "connect the board's UART to a serial adapter, and give that one's port with the "
            "option port"
        )
    if device.is_closed:
        what_next += f"; this user may not open it: {what_opens_device(device.usb_id)}"
    return f"{device} is attached but has no serial port; {what_next}"


def _criteria(serial_number: str | None, wanted: str | None) -> str:
    said = [f"serial number {serial_number}"] if serial_number else []
    said += [f"{wanted}"] if wanted else []
    return f" {' and '.join(said)}" if said else ""


def _choices(ports: Sequence[Port], attached: Sequence[Port]) -> str:
    return "".join(f"\n  {_option(port, attached)}: {port}" for port in ports)


def _option(port: Port, attached: Iterable[Port]) -> str:
    """The option that chooses a port's board and no other."""
    others = [other for other in attached if other.board != port.board]
    if port.serial_number and not any(
        _is_same_number(other.serial_number, port.serial_number) for other in others
    ):
        return f"serial_number={port.serial_number}"
    return f"port={port.device_location or port.device}"
