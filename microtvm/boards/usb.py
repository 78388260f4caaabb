# SPDX-License-Identifier: Apache-2.0
"""Boards and probes by their USB descriptors, which tell a product but seldom a board's name."""

from __future__ import annotations

import os
from collections.abc import Set as AbstractSet

from ..doctor import attached
from .board import Board, Kind


def find(known_ports: AbstractSet[str]) -> tuple[list[Board], list[str]]:
    """List what is attached, except at ports whose boards are known otherwise."""
    found, notes = attached.examine()
    known = {os.path.realpath(port) for port in known_ports}
    boards = [
        Board(
            one.product,
            Kind.ATTACHED,
            f"USB descriptor {one.usb_id} at {one.location}",
            options=_options(one),
            problems=(*one.problems, "its name is not told by USB: give the option board"),
        )
        for one in found
        if one.port is None or os.path.realpath(one.port) not in known
    ]
    return boards, notes


def _options(one: attached.Attached) -> dict[str, str]:
    given = {"port": one.port, "serial_number": one.serial_number}
    return {name: value for name, value in given.items() if value}
