# SPDX-License-Identifier: Apache-2.0
"""What a session needs of a transport: bytes both ways, with deadlines."""

from __future__ import annotations

import abc

from server_kit import IoTimeoutError, TransportClosedError, TransportTimeouts

__all__ = ["IoTimeoutError", "Transport", "TransportClosedError", "TransportTimeouts"]


class Transport(metaclass=abc.ABCMeta):
    """A way to a device. As a context manager it is open inside the block."""

    @abc.abstractmethod
    def timeouts(self) -> TransportTimeouts:
        """Give the time limits that suit the transport. It must be open."""

    @abc.abstractmethod
    def open(self) -> None:
        """Connect."""

    @abc.abstractmethod
    def close(self) -> None:
        """Disconnect, and let go of whatever connecting took hold of. Safe to call again."""

    @abc.abstractmethod
    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """Read exactly ``n`` bytes, or at least one where the transport can do no better.

        Raises
        ------
        IoTimeoutError
            They did not come in time; what did come is given to the next read.
        TransportClosedError
            The device is no longer there.
        """

    @abc.abstractmethod
    def write(self, data: bytes, timeout_sec: float | None) -> None:
        """Write all of ``data``.

        Raises
        ------
        IoTimeoutError
            It could not be written in time.
        TransportClosedError
            The device is no longer there.
        """

    def __enter__(self) -> Transport:
        self.open()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
