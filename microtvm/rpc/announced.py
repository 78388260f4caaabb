# SPDX-License-Identifier: Apache-2.0
"""What a device says, before it is believed or shown.

A device may be broken, flashed with something else, or hostile. What it announces is used as a
number of bytes to wait for, of tensors to ask about, of times to average; so each is held against
bounds that no device with a model on it comes near.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from server_kit.errors import shown

from .packets import PacketError, TensorView

MAX_TENSORS = 4096
"""Inputs, or outputs, of one model."""
MAX_TENSOR_BYTES = 1 << 31
MAX_NAME_LENGTH = 1024
MAX_TEXT_LENGTH = 2000
"""Characters of a message that are shown."""

_ADDRESSES = 1 << 64
_MAX_OFFSET = 1 << 48


def printable(text: str, limit: int = MAX_TEXT_LENGTH) -> str:
    """Give a device's words as they can be printed: one line, escaped where a terminal obeys."""
    cut = text if len(text) <= limit else text[:limit] + "..."
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut
    )


def count(value: Any, what: str) -> int:
    """Check a number of tensors.

    Raises
    ------
    PacketError
        It is no number, negative, or larger than any model's.
    """
    if not isinstance(value, int) or not 0 <= value <= MAX_TENSORS:
        raise PacketError(
            f"the device says that its model has {shown(value)} {what};"
            f" a number from 0 to {MAX_TENSORS} is allowed"
        )
    return value


def index(value: Any, what: str) -> int:
    """Check the place of something among the model's tensors.

    Raises
    ------
    PacketError
        It is no number, or negative: the C runtime's word for what it does not know.
    """
    if not isinstance(value, int) or not 0 <= value < MAX_TENSORS:
        raise PacketError(f"the device says that {what} has the index {shown(value)}")
    return value


def name(value: Any, what: str) -> str:
    """Check a name of something.

    Raises
    ------
    PacketError
        It is no text, or longer than any name.
    """
    if not isinstance(value, str) or len(value) > MAX_NAME_LENGTH:
        raise PacketError(f"the device says that the name of {what} is {shown(value)}")
    return value


def handle(value: Any, what: str) -> int:
    """Check an address or a handle.

    Raises
    ------
    PacketError
        It is none.
    """
    if not isinstance(value, int) or not 0 <= value < _ADDRESSES:
        raise PacketError(f"the device says that {what} is at {shown(value)}")
    return value


def tensor_view(view: TensorView) -> TensorView:
    """Check a tensor's description.

    Raises
    ------
    PacketError
        A negative extent, or more bytes than a device has.
    """
    elements = math.prod(view.shape)
    size = elements * view.dtype.lanes * ((view.dtype.bits + 7) // 8)
    if min(view.shape, default=0) < 0 or size > MAX_TENSOR_BYTES or view.byte_offset > _MAX_OFFSET:
        raise PacketError(
            f"the device describes a tensor of shape {shown(view.shape)} at byte"
            f" {view.byte_offset}; at most {MAX_TENSOR_BYTES} bytes are believed"
        )
    return view


def times(data: Any, repeat: int) -> list[float]:
    """Check the answer of a time evaluator: ``repeat`` times in seconds.

    Raises
    ------
    PacketError
        They are fewer or more, or not all of them are times.
    """
    if not isinstance(data, bytes) or len(data) != 8 * repeat:
        raise PacketError(
            f"the device's time evaluator answered {shown(data)}, not {repeat} times of 8 bytes"
        )
    seconds = [float(value) for value in np.frombuffer(data, dtype="<f8")]
    odd = [value for value in seconds if not (math.isfinite(value) and value >= 0)]
    if odd:
        raise PacketError(f"the device's time evaluator answered a time of {odd[0]} s")
    return seconds
