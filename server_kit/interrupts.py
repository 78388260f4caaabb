# SPDX-License-Identifier: Apache-2.0
"""How the server is told to end, wherever it is: an exception in the main thread.

SIGTERM, SIGINT and the watcher of the request pipe (:mod:`server_kit.api.watcher`) all raise
:class:`Ending`. It unwinds through builds, reads and generation, whose own ``finally`` clauses end
processes and remove half a project. Code that must not be cut in two runs under :class:`Deferred`.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_deferrals = 0
_pending = False
_raised = False


class Ending(BaseException):
    """The server ends now. Not an :class:`Exception`, so that nothing handles it by accident."""


class Deferred:
    """Within this context :class:`Ending` waits for the context's end. Keep it short."""

    def __enter__(self) -> None:
        global _deferrals
        _deferrals += 1

    def __exit__(self, *_: object) -> None:
        global _deferrals
        _deferrals -= 1
        if _pending:
            _end()


def install() -> None:
    """Make SIGTERM, SIGINT and SIGHUP end the server."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)


def disarm() -> None:
    """From here on the server is ending anyway; nothing interrupts it."""
    global _raised
    _raised = True


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    _end()


def _end() -> None:
    """Raise once; what runs after that is cleaning up, and is let finish."""
    global _pending, _raised
    if _raised:
        return
    if _deferrals:
        _pending = True
        return
    _raised = True
    raise Ending
