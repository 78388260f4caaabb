# SPDX-License-Identifier: Apache-2.0
"""The port of a board that opening it resets, as the USB adapters of AVR boards do."""

from __future__ import annotations

from server_kit.errors import ServerError
from server_kit.transports.serial import SerialTransport

#: A bootloader waits one or two seconds for a programmer before it starts the sketch.
COMES_UP_SEC = 15.0
#: Behind a URL the port may have been open all the time; then nothing was reset.
REMOTE_COMES_UP_SEC = 8.0

# URLs of which opening is known to reset nothing.
_QUIET: set[str] = set()


class ResettingSerialTransport(SerialTransport):
    """Open once the firmware has spoken: what is sent earlier is swallowed by the bootloader.

    Firmware that starts says so with the message that ends all sessions; it is kept for the reader.
    """

    def _open(self) -> None:
        super()._open()
        if self._port in _QUIET:
            return
        is_remote = "://" in self._port
        try:
            first = self._receive(REMOTE_COMES_UP_SEC if is_remote else COMES_UP_SEC)
            if not first and not is_remote:
                raise ServerError(
                    f"the board at {self._port} was reset and said nothing for {COMES_UP_SEC} s; "
                    "flash it, and look at its baudrate and port"
                )
            if not first:
                _QUIET.add(self._port)
            self._received += first
        except BaseException:
            self._close()
            raise
