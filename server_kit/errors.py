# SPDX-License-Identifier: Apache-2.0
"""Errors a Project API server reports, as they travel in a JSON-RPC 2.0 reply.

Codes are those of https://www.jsonrpc.org/specification (section 5.1); -32000 is what TVM 0.8 to
0.18 use for everything that goes wrong while a valid request is served.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class JSONRPCError(Exception):
    """Anything that is answered with an ``error`` object.

    Parameters
    ----------
    message : str
        One sentence: what went wrong, what was given, what is allowed.
    """

    code = -32603

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def to_json(self) -> dict[str, Any]:
        """The ``error`` object of a reply; the traceback is for whoever writes a template."""
        return {
            "code": self.code,
            "message": self.message,
            "data": {"traceback": _format_traceback(self)},
        }


class ParseError(JSONRPCError):
    """The line is not JSON."""

    code = -32700


class InvalidRequestError(JSONRPCError):
    """The JSON is not a JSON-RPC 2.0 request."""

    code = -32600


class MethodNotFoundError(JSONRPCError):
    """The Project API has no such method."""

    code = -32601


class InvalidParamsError(JSONRPCError):
    """The parameters do not fit the method."""

    code = -32602


class ServerError(JSONRPCError):
    """A valid request could not be carried out."""

    code = -32000


class OptionError(ServerError):
    """A project option is unknown, missing, of the wrong type or not among its choices."""


class ArchiveError(ServerError):
    """A tar archive is damaged, unsafe or not what it should be."""


class ProjectError(ServerError):
    """A project directory cannot be written, or is not in the state a method needs."""


class ToolError(ServerError):
    """A program that a template runs is missing, failed or took too long."""


class NamedServerError(ServerError):
    """An error that clients tell by name: its ``message`` on the wire is the name of the class.

    Parameters
    ----------
    detail : str
        One sentence for people; it travels in ``data["detail"]``.
    """

    def __init__(self, detail: str = "") -> None:
        super().__init__(type(self).__name__)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail or self.message

    def to_json(self) -> dict[str, Any]:
        error = super().to_json()
        error["data"]["detail"] = str(self)
        return error


class TransportClosedError(NamedServerError):
    """The transport is not open, or its other end has gone."""


class IoTimeoutError(NamedServerError):
    """The deadline of a read or a write passed."""


class UnsupportedTVMVersionError(NamedServerError):
    """The server cannot work with the client's version of TVM."""


def shown(value: object) -> str:
    """A value as a message can hold it: its ``repr``, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def _format_traceback(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
