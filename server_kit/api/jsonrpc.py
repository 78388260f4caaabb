# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC 2.0 (https://www.jsonrpc.org/specification): a line in, the line to answer with out."""

from __future__ import annotations

import json
import math
import sys

from .. import log
from ..errors import (
    InvalidParamsError,
    InvalidRequestError,
    JSONRPCError,
    MethodNotFoundError,
    ParseError,
    ServerError,
    shown,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Union

    from .methods import Method

    Id = Union[str, int, float, None]

MAX_BATCH = 1000
_MAX_DIGITS = 4300


class Encoded(str):
    """A method's result that is JSON already; the rest is encoded here."""


class Dispatcher:
    """Answers requests from a table of methods.

    Parameters
    ----------
    methods : mapping of str to Method
        By the name on the wire.
    """

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = methods

    def answer(self, line: bytes) -> bytes | None:
        """Carry out what a line asks for.

        Parameters
        ----------
        line : bytes
            One request or one batch.

        Returns
        -------
        bytes or None :
            The reply, ending in a newline; None for notifications.
        """
        try:
            message = _parse(line)
        except ParseError as error:
            return error_line(error)
        if isinstance(message, list):
            return self._answer_batch(message)
        reply = self._answer_one(message)
        return _to_line(reply) if reply else None

    def _answer_batch(self, messages: list[Any]) -> bytes | None:
        if not messages or len(messages) > MAX_BATCH:
            error = InvalidRequestError(
                f"a batch holds 1 to {MAX_BATCH} requests, not {len(messages)}"
            )
            return error_line(error)
        replies = [self._answer_one(message) for message in messages]
        wanted = ", ".join(reply for reply in replies if reply)
        return _to_line(f"[{wanted}]") if wanted else None

    def _answer_one(self, request: Any) -> str:
        """The reply as JSON; empty for a notification."""
        try:
            _check_request(request)
        except InvalidRequestError as error:
            return _error_reply(_id_of(request), error)
        try:
            result = self._call(request["method"], request.get("params", {}))
        except JSONRPCError as error:
            log.debug(str(error))
            return _error_reply(request["id"], error) if "id" in request else ""
        return _reply(request["id"], "result", result) if "id" in request else ""

    def _call(self, name: str, params: Any) -> str:
        """The result as JSON."""
        method = self._methods.get(name)
        if method is None:
            raise MethodNotFoundError(f"the Project API has no method {shown(name)}")
        try:
            result = method.call(params)
            return result if isinstance(result, Encoded) else _to_json(result)
        except JSONRPCError:
            raise
        except Exception as error:
            raise ServerError(f"{name} failed: {_in_words(error)}") from error


def error_line(error: JSONRPCError) -> bytes:
    """The reply to a line whose id is unknown."""
    return _to_line(_error_reply(None, error))


def _error_reply(request_id: Id, error: JSONRPCError) -> str:
    return _reply(request_id, "error", _to_json(error.to_json()))


def _reply(request_id: Id, member: str, value: str) -> str:
    shown_id = str(request_id) if type(request_id) is int else _to_json(request_id)
    return f'{{"jsonrpc": "2.0", "id": {shown_id}, "{member}": {value}}}'


def _to_line(reply: str) -> bytes:
    return reply.encode("ascii") + b"\n"


def _parse(line: bytes) -> Any:
    try:
        return _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"the line is not JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _to_int(digits: str) -> int:
    # A Python without the limit of its own would take minutes for a number of a million digits.
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


# Made once: json.loads and json.dumps make one each time they are given options.
_DECODER = json.JSONDecoder(
    parse_constant=_no_constant,
    parse_int=None if hasattr(sys, "set_int_max_str_digits") else _to_int,
)
_to_json = json.JSONEncoder(allow_nan=False).encode


def _check_request(request: Any) -> None:
    if not isinstance(request, dict):
        raise InvalidRequestError(f"a request is an object, not {_kind(request)}")
    if request.get("jsonrpc") != "2.0":
        raise InvalidRequestError('the member "jsonrpc" of a request is "2.0"')
    if not isinstance(request.get("method"), str):
        raise InvalidRequestError('the member "method" of a request is a string')
    if not isinstance(request.get("params", {}), (dict, list)):
        raise InvalidRequestError('the member "params" of a request is an object or an array')
    if not _is_id(request.get("id")):
        raise InvalidRequestError('the member "id" of a request is a string, a number or null')


def _is_id(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, (str, int)) and not isinstance(value, bool))


def _id_of(request: Any) -> Id:
    """The id of a request that is not valid, where it has one."""
    value = request.get("id") if isinstance(request, dict) else None
    return value if _is_id(value) else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return names.get(type(value), "null" if value is None else "a number")


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def bind(parameters: Mapping[str, bool], params: Any) -> dict[str, Any]:
    """Match ``params``, by name or by position, with a method's parameters.

    Parameters
    ----------
    parameters : mapping of str to bool
        Each parameter in order, and whether it must be given.
    params : dict or list
        As sent.

    Raises
    ------
    InvalidParamsError :
        When one is missing or not known.
    """
    if isinstance(params, dict) and params.keys() == parameters.keys():
        return params
    names = list(parameters)
    if isinstance(params, list):
        if len(params) > len(names):
            raise InvalidParamsError(
                f"{len(params)} parameters were given; the method takes {len(names)}"
            )
        params = dict(zip(names, params))
    for name in params:
        if name not in parameters:
            raise InvalidParamsError(
                f"there is no parameter {shown(name)}; allowed are {', '.join(names) or 'none'}"
            )
    for name, needed in parameters.items():
        if needed and name not in params:
            raise InvalidParamsError(f"the parameter {name!r} is missing")
    return dict(params)
