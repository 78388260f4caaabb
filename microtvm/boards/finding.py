# SPDX-License-Identifier: Apache-2.0
"""All ways of finding boards, one after the other."""

from __future__ import annotations

from . import arduino, emulated, usb
from .board import Board, Kind


def find() -> tuple[list[Board], list[str]]:
    """List boards, and tell what cannot be seen: attached ones, emulated ones, and the host.

    A board that arduino-cli names is not listed again by its USB descriptors.
    """
    named, arduino_notes = arduino.find()
    ports = {board.options["port"] for board in named}
    unnamed, usb_notes = usb.find(ports)
    host = Board("host", Kind.HOST, "this machine", "host")
    return [*named, *unnamed, *emulated.find(), host], [*arduino_notes, *usb_notes]
