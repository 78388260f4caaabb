# SPDX-License-Identifier: Apache-2.0
"""The methods of the Project API that only pass bytes on, the same in every template."""

from __future__ import annotations

from ..api.handler import ProjectAPIHandler, TransportTimeouts
from ..errors import TransportClosedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .base import Transport


class TransportHandler(ProjectAPIHandler):
    """A handler with a transport: what it writes ``open_transport`` with, and the three methods
    after it.

    Attributes
    ----------
    transport : Transport or None
        The one that ``open_transport`` opened.
    """

    def __init__(self) -> None:
        self.transport: Transport | None = None

    def connect(self, make: Callable[[], Transport]) -> TransportTimeouts:
        """Open the transport, made where there is none.

        Parameters
        ----------
        make : callable
            Makes it, not opened.

        Returns
        -------
        TransportTimeouts
            Those of a board: a session starts in seconds, a benchmark is one call of minutes.

        Raises
        ------
        ServerError :
            When it cannot be opened; there is no transport then.
        """
        transport, self.transport = self.transport or make(), None
        transport.open()
        self.transport = transport
        return TransportTimeouts(
            session_start_retry_timeout_sec=2.0,
            session_start_timeout_sec=20.0,
            session_established_timeout_sec=300.0,
        )

    def close_transport(self) -> None:
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.close()

    def read_transport(self, n: int, timeout_sec: float | None) -> bytes:
        return self._opened().read(n, timeout_sec)

    def write_transport(self, data: bytes, timeout_sec: float | None) -> None:
        self._opened().write(data, timeout_sec)

    def _opened(self) -> Transport:
        if self.transport is None:
            raise TransportClosedError("the transport is not open; call open_transport first")
        return self.transport
