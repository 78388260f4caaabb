# SPDX-License-Identifier: Apache-2.0
"""USB devices by their descriptors: also those without a serial port, as bare probes are.

Linux and macOS tell PySerial what there is to know of serial ports, so this is asked only for what
has none. pyusb is imported when a list is asked for; without it, or without libusb, the list is
empty.
"""

from __future__ import annotations

import contextlib
import errno
import pathlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator

    Kind = tuple[int, int, int]

# Where Linux keeps the strings it read itself, for those who may not ask the device.
_SYSFS = pathlib.Path("/sys/bus/usb/devices")
# Devices that do not answer are not waited for.
_TIMEOUT_MS = 200

# USB's numbers for classes: https://www.usb.org/defined-class-codes
_CDC = 0x02
_HUB = 0x09
_APPLICATION_SPECIFIC = 0xFE
_VENDOR_SPECIFIC = 0xFF
_DFU_MODE = (_APPLICATION_SPECIFIC, 1, 2)
# The standard has probes carry this in the name of the product or of an interface.
_CMSIS_DAP = "CMSIS-DAP"


class UsbDevice:
    """A device attached by USB.

    Parameters
    ----------
    usb_id : str
        ``VID:PID``, for example ``0483:3748``.
    location : str
        The bus, and the ports of hubs on the way there, for example ``1-4.2``.
    serial_number, product : str
        Empty where it has none, or where they cannot be read.
    is_named : bool
        Whether it has a name, readable or not.
    kinds : iterable of tuple
        Class, subclass and protocol of each interface.
    interface_names : iterable of str
    is_closed : bool
        Whether this user may not open it.
    """

    def __init__(
        self,
        usb_id: str,
        location: str,
        *,
        serial_number: str = "",
        product: str = "",
        is_named: bool = True,
        kinds: Iterable[Kind] = (),
        interface_names: Iterable[str] = (),
        is_closed: bool = False,
    ) -> None:
        self.usb_id = usb_id
        self.location = location
        self.serial_number = serial_number
        self.product = product
        self.is_named = is_named
        self.is_closed = is_closed
        self._kinds = tuple(kinds)
        self._is_cmsis_dap = any(_CMSIS_DAP in name for name in (product, *interface_names))

    @property
    def may_be_board(self) -> bool:
        """Whether it is no keyboard, camera or the like; network chips, say, have no name."""
        classes = {kind[0] for kind in self._kinds}
        is_likely = classes & {_CDC, _APPLICATION_SPECIFIC, _VENDOR_SPECIFIC}
        return self._is_cmsis_dap or bool(self.is_named and is_likely)

    @property
    def is_probe(self) -> bool:
        """Whether it is a probe and a serial port at once, as those on boards are."""
        classes = {kind[0] for kind in self._kinds}
        return _CDC in classes and (self._is_cmsis_dap or _VENDOR_SPECIFIC in classes)

    @property
    def is_bootloader(self) -> bool:
        """Whether a chip waits for firmware, as STM32's and the Pico's ROMs do."""
        return _DFU_MODE in self._kinds or "boot" in self.product.lower()

    def __str__(self) -> str:
        number = readable(self.serial_number)
        said = f"serial number {number}" if number else "no serial number"
        if self.is_closed and not number:
            said = "serial number not readable"
        return f"{self.product or 'USB device'} ({self.usb_id}, {said}, at {self.location})"


def list_devices(backend: Any = None) -> list[UsbDevice]:
    """The devices attached to this machine, without hubs; none where pyusb or libusb is missing.

    Parameters
    ----------
    backend : usb.backend.IBackend, optional
        What pyusb asks; its own choice by default.
    """
    try:
        import usb.core
    except ImportError:
        return []
    try:
        found = list(usb.core.find(find_all=True, backend=backend))
    except (usb.core.NoBackendError, usb.core.USBError):
        return []
    return [_describe(device) for device in found if _is_plugged_in(device)]


def what_is_missing() -> str:
    """The command that lets devices without a serial port be seen; empty where they are."""
    try:
        import usb.core
    except ImportError:
        return f"{sys.executable} -m pip install pyusb"
    try:
        usb.core.find()
    except usb.core.NoBackendError:
        return "install libusb (Debian: apt-get install libusb-1.0-0; macOS: brew install libusb)"
    except usb.core.USBError:
        pass
    return ""


def readable(serial_number: str) -> str:
    """A serial number as tools print it: ST-LINK/V2's are bytes, which are shown in hexadecimal.

    Source: the README of https://github.com/a-v-s/gethla.
    """
    if serial_number.isascii() and serial_number.isprintable():
        return serial_number
    return "".join(f"{ord(character) & 0xFF:02X}" for character in serial_number)


def _is_plugged_in(device: Any) -> bool:
    return device.bDeviceClass != _HUB and bool(device.port_numbers)


def _describe(device: Any) -> UsbDevice:
    location = f"{device.bus}-{'.'.join(map(str, device.port_numbers))}"
    interfaces = list(_interfaces(device))
    wanted = [device.iProduct, device.iSerialNumber, *(i.iInterface for i in interfaces)]
    texts, is_closed = _strings(device, wanted)
    return UsbDevice(
        f"{device.idVendor:04x}:{device.idProduct:04x}",
        location,
        serial_number=texts.get(device.iSerialNumber) or _from_kernel(location, "serial"),
        product=(texts.get(device.iProduct) or _from_kernel(location, "product")).strip(),
        is_named=bool(device.iProduct),
        kinds=[(i.bInterfaceClass, i.bInterfaceSubClass, i.bInterfaceProtocol) for i in interfaces],
        interface_names=[texts.get(i.iInterface, "") for i in interfaces],
        is_closed=is_closed,
    )


def _interfaces(device: Any) -> Iterator[Any]:
    import usb.core

    with contextlib.suppress(usb.core.USBError):
        for configuration in device:
            yield from (setting for setting in configuration if setting.bAlternateSetting == 0)


def _strings(device: Any, wanted: Iterable[int]) -> tuple[dict[int, str], bool]:
    """Strings by their index, and whether this user may not ask for them."""
    import usb.core
    import usb.util

    texts: dict[int, str] = {}
    device.default_timeout = _TIMEOUT_MS
    try:
        # Not device.langids: it takes what may not be opened for what has no strings.
        for language in usb.util.get_langids(device)[:1]:
            for index in sorted(set(wanted) - {0}):
                with contextlib.suppress(usb.core.USBError, ValueError):
                    texts[index] = usb.util.get_string(device, index, language)
    except usb.core.USBError as error:
        return texts, error.errno == errno.EACCES
    except NotImplementedError:  # libusb's word for a driver that it cannot talk to
        pass
    finally:
        usb.util.dispose_resources(device)
    return texts, False


def _from_kernel(location: str, name: str) -> str:
    try:
        return (_SYSFS / location / name).read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return ""
