# SPDX-License-Identifier: Apache-2.0
"""A fake libusb under the real pyusb: it serves recorded descriptors."""

from __future__ import annotations

import errno
import types
from typing import Any, Sequence

import usb.backend
import usb.core

from tests.zephyr.usb_listings import Recorded

_ENGLISH = 0x0409
_GET_DESCRIPTOR = 6
_STRING = 3


class FakeUsbBackend(usb.backend.IBackend):  # type: ignore[misc]
    """What pyusb asks of libusb, answered from records.

    Parameters
    ----------
    devices : sequence of Recorded
        What is attached.
    """

    def __init__(self, devices: Sequence[Recorded]) -> None:
        self._devices = devices
        self.open_now: list[Recorded] = []

    def enumerate_devices(self) -> Sequence[Recorded]:
        return self._devices

    def get_device_descriptor(self, dev: Recorded) -> Any:
        bus, _, ports = dev.where.partition("-")
        numbers = tuple(map(int, ports.split(".")))
        strings = _strings(dev)
        return types.SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=dev.device_class,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=dev.vid,
            idProduct=dev.pid,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=strings.index(dev.product),
            iSerialNumber=strings.index(dev.serial_number),
            bNumConfigurations=1,
            address=self._devices.index(dev) + 1,
            bus=int(bus),
            port_number=numbers[-1],
            port_numbers=numbers,
            speed=None,
        )

    def get_configuration_descriptor(self, dev: Recorded, config: int) -> Any:
        if config:
            raise IndexError(config)
        return types.SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=0,
            bNumInterfaces=len(dev.interfaces),
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=b"",
        )

    def get_interface_descriptor(self, dev: Recorded, intf: int, alt: int, config: int) -> Any:
        if alt or intf >= len(dev.interfaces):
            raise IndexError(intf)
        number, subclass, protocol, name = dev.interfaces[intf]
        return types.SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=intf,
            bAlternateSetting=0,
            bNumEndpoints=0,
            bInterfaceClass=number,
            bInterfaceSubClass=subclass,
            bInterfaceProtocol=protocol,
            iInterface=_strings(dev).index(name),
            extra_descriptors=b"",
        )

    def open_device(self, dev: Recorded) -> Recorded:
        if dev.is_closed:
            raise usb.core.USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        self.open_now.append(dev)
        return dev

    def close_device(self, dev_handle: Recorded) -> None:
        self.open_now.remove(dev_handle)

    def ctrl_transfer(
        self,
        dev_handle: Recorded,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        data: Any,
        timeout: int,
    ) -> int:
        assert (bmRequestType, bRequest, wValue >> 8) == (0x80, _GET_DESCRIPTOR, _STRING)
        index = wValue & 0xFF
        assert wIndex == (_ENGLISH if index else 0)
        text = _strings(dev_handle)[index].encode("utf-16-le")
        body = text if index else _ENGLISH.to_bytes(2, "little")
        answer = bytes([len(body) + 2, _STRING]) + body
        data[: len(answer)] = type(data)("B", answer)
        return len(answer)


def _strings(dev: Recorded) -> list[str]:
    """By their index; 0 says that there is none."""
    names = [dev.product, dev.serial_number, *(name for *_, name in dev.interfaces)]
    return ["", *dict.fromkeys(name for name in names if name)]
