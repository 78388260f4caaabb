# SPDX-License-Identifier: Apache-2.0
"""The port of a board that opening it resets, as the USB adapters of AVR boards do."""

from __future__ import annotations

from server_kit.errors import ServerError
from server_kit.transports.serial import SerialTransport

#: A bootloader waits one or two seconds for a programmer before it starts the sketch.
COMES_UP_SEC = 15.0


class ResettingSerialTransport(SerialTransport):
    """Open once the firmware has spoken: what is sent earlier is swallowed by the bootloader.

    Firmware that starts says so with the message that ends all sessions; it is kept for the reader.
    """

    def _open(self) -> None:
        super()._open()
        try:
            first = self._receive(COMES_UP_SEC)
            if not first:
                raise ServerError(
                    f"the board at {self._port} was reset and said nothing for {COMES_UP_SEC} s; "
                    "flash it, and look at its baudrate and port"
                )
            self._received += first
        except BaseException:
            self._close()
            raise
