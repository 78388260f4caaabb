# SPDX-License-Identifier: Apache-2.0
"""What a user said of the board to flash, as runners want to know it."""

from __future__ import annotations

import os
import re

from server_kit.boards import ports
from server_kit.errors import OptionError, ProjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

# A serial number becomes part of commands that OpenOCD and others read.
_SERIAL_NUMBER = re.compile(r"[\w.:*?/+-]+")
# Chips of FTDI's that are a port and never a probe, though the maker's other chips are.
_MERE_ADAPTERS = ("0403:6001", "0403:6015")


class ChosenBoard:
    """One of the boards attached, or whichever there is.

    Each method gives None where nothing was said that it could follow from.

    Parameters
    ----------
    serial_number : str or None
        The option.
    port : str or None
        The console's device or URL, where the option ``port`` names one.
    find_port : callable
        Gives the device of the console of the board with the serial number.
    probe_vendors : sequence of str
        USB's numbers of the makers of probes that the runner works with.
    """

    def __init__(
        self,
        serial_number: str | None,
        port: str | None,
        find_port: Callable[[], str],
        probe_vendors: Sequence[str],
    ) -> None:
        if serial_number is not None and not _SERIAL_NUMBER.fullmatch(serial_number):
            raise OptionError(
                f"option 'serial_number' was given {serial_number!r}; allowed are letters, digits "
                "and . : * ? / + - _"
            )
        self.serial_number = serial_number
        self._given_port = port
        self._find_port = find_port
        self._probe_vendors = probe_vendors

    def port(self) -> str | None:
        """The serial port of its console."""
        if self._given_port is None and self.serial_number is not None:
            self._given_port = self._find_port()
        return self._given_port

    def first_port(self) -> str | None:
        """The first serial port of the same device: a Black Magic Probe's for GDB."""
        attached = self._attached()
        if attached is None or not attached.location:
            return self.port()
        return ports.choose_port(ports.list_ports(), wanted=attached.device_location).device

    def serial(self) -> str | None:
        """The serial number of the board or its probe, as it was given or as USB lists it."""
        if self.serial_number is not None or self._given_port is None:
            return self.serial_number
        attached = self._attached()
        # A console may be an adapter's beside the probe, which then has another number.
        is_probe = (
            attached is not None
            and attached.usb_id.split(":")[0] in self._probe_vendors
            and attached.usb_id not in _MERE_ADAPTERS
        )
        return attached.serial_number or None if attached is not None and is_probe else None

    def number(self) -> str | None:
        """The serial number without zeros in front, as Segger's tools have it."""
        serial = self.serial()
        return serial and (serial.lstrip("0") or serial)

    def probe(self) -> str | None:
        """``VID:PID:SERIAL``."""
        serial = self.serial()
        if serial is None or ":" in serial:
            return serial
        attached = self._attached()
        if attached is None:
            raise ProjectError(
                f"the USB device with the serial number {serial} has no serial port here, so its "
                "VID:PID is not known; give the option serial_number as VID:PID:SERIAL"
            )
        return f"{attached.usb_id}:{serial}"

    def _attached(self) -> ports.Port | None:
        """What USB says of the port; None for a URL, and for a port that is not USB's."""
        port = self.port()
        if port is None:
            return None
        path = os.path.realpath(port)
        same = (one for one in ports.list_ports() if os.path.realpath(one.device) == path)
        return next(same, None)
