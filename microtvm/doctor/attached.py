# SPDX-License-Identifier: Apache-2.0
"""Boards and probes attached by USB, and what keeps this user from them."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from server_kit.boards import ports, usb_devices
from server_kit.boards.access import what_opens_device, what_opens_port
from server_kit.boards.ports import Port
from server_kit.boards.usb_devices import UsbDevice
from server_kit.errors import ServerError

HEADING = "boards and probes attached by USB"

# Programs that take serial ports from whoever plugs in a board, and what ends that.
# https://gitlab.freedesktop.org/mobile-broadband/ModemManager/-/issues/140 and
# https://github.com/arduino/arduino-ide/issues/1788
_SEIZERS = {
    "ModemManager": "runs and may talk to a port as to a modem for some seconds after it is"
    " plugged in: sudo systemctl disable --now ModemManager",
    "brltty": "runs and may take serial adapters for Braille displays, so that their ports go:"
    " sudo apt-get remove brltty",
}


@dataclasses.dataclass(frozen=True)
class Attached:
    """A serial port, or a device that has none.

    Parameters
    ----------
    port : str or None
        The serial port's path.
    product, usb_id, serial_number, location : str
        As USB tells them; empty where it does not.
    problems : tuple of str
        What keeps this user from it, each with the command that ends that.
    """

    port: str | None
    product: str
    usb_id: str
    serial_number: str
    location: str
    problems: tuple[str, ...] = ()

    def line(self) -> str:
        """Say it in a line."""
        number = f"serial number {self.serial_number}" if self.serial_number else "no serial number"
        said = f"{self.product}, {self.usb_id}, {number}, at {self.location}"
        return f"  {self.port or 'no serial port':<18}{'; '.join((said, *self.problems))}"

    def to_json(self) -> dict[str, Any]:
        """Give it as an object."""
        return dataclasses.asdict(self)


def examine() -> tuple[list[Attached], list[str]]:
    """List what is attached, and tell what cannot be seen or what interferes."""
    notes = []
    try:
        listed = ports.list_ports()
    except ServerError as error:
        listed = []
        notes.append(f"serial ports cannot be seen: {error}")
    missing = usb_devices.what_is_missing()
    if missing:
        notes.append(f"devices without a serial port cannot be seen: {missing}")
    devices = {device.location: device for device in usb_devices.list_devices()}
    found = [_port(port, devices.get(port.device_location)) for port in listed]
    with_port = {port.device_location for port in listed}
    found += [
        _bare(device)
        for device in devices.values()
        if device.may_be_board and device.location not in with_port
    ]
    notes += [f"{name} {what}" for name, what in _SEIZERS.items() if _runs(name)]
    return found, notes


def _port(port: Port, device: UsbDevice | None) -> Attached:
    problems = []
    opens = what_opens_port(port.device)
    if opens:
        problems.append(f"this user may not open the port: {opens}")
    if device is not None and device.is_probe and device.is_closed:
        problems.append(f"this user may not flash with it: {what_opens_device(port.usb_id)}")
    return Attached(
        port.device,
        port.description,
        port.usb_id,
        port.serial_number,
        port.location,
        tuple(problems),
    )


def _bare(device: UsbDevice) -> Attached:
    problems = []
    if device.is_bootloader:
        problems.append("in its bootloader: flash it, or reset it into its firmware")
    if device.is_closed:
        problems.append(f"this user may not open it: {what_opens_device(device.usb_id)}")
    return Attached(
        None,
        device.product or "USB device",
        device.usb_id,
        usb_devices.readable(device.serial_number),
        device.location,
        tuple(problems),
    )


def _runs(name: str) -> bool:
    for path in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text(encoding="utf-8").strip() == name:
                return True
        except OSError:
            pass  # it has ended
    return False
