# SPDX-License-Identifier: Apache-2.0
"""The Project API's methods on the wire: names in both dialects, parameters, results.

The wire is the one of TVM 0.8 to 0.18 (python/tvm/micro/project_api/server.py at those tags); the
RFC's ``connect_transport`` and ``disconnect_transport`` are other names for the same.
"""

from __future__ import annotations

import os
import pathlib

from ..errors import InvalidParamsError, ProjectError, shown
from . import base85
from .jsonrpc import Encoded, bind
from .lines import MAX_LINE_BYTES
from .options import read_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

    from .handler import ProjectAPIHandler

PROTOCOL_VERSION = 1
MAX_READ_BYTES = MAX_LINE_BYTES // 2
_LONGEST_SEC = 1e9

_RFC_NAMES = {"connect_transport": "open_transport", "disconnect_transport": "close_transport"}


class Method:
    """A method's parameters, and the function that takes them.

    Parameters
    ----------
    call : callable
        Takes the parameters by name and returns what JSON can hold.
    parameters : mapping of str to bool
        In positional order; True for those that must be given.
    """

    def __init__(self, call: Callable[..., Any], parameters: Mapping[str, bool]) -> None:
        self._call = call
        self._parameters = parameters

    def call(self, params: Any) -> Any:
        """Call with ``params`` as sent."""
        return self._call(**bind(self._parameters, params))


def project_api(handler: ProjectAPIHandler) -> dict[str, Method]:
    """The table of methods that serves a handler."""
    calls = _Calls(handler)
    methods = {
        "server_info_query": Method(calls.server_info_query, {"tvm_version": False}),
        "generate_project": Method(
            calls.generate_project,
            {
                "model_library_format_path": True,
                "standalone_crt_dir": False,
                "project_dir": True,
                "options": False,
            },
        ),
        "build": Method(calls.build, {"options": False}),
        "flash": Method(calls.flash, {"options": False}),
        "open_transport": Method(calls.open_transport, {"options": False}),
        "close_transport": Method(calls.close_transport, {}),
        "read_transport": Method(calls.read_transport, {"n": True, "timeout_sec": True}),
        "write_transport": Method(calls.write_transport, {"data": True, "timeout_sec": True}),
    }
    for rfc_name, name in _RFC_NAMES.items():
        methods[rfc_name] = methods[name]
    return methods


class _Calls:
    """Between JSON and a handler: parameters checked and converted, results in JSON's terms."""

    def __init__(self, handler: ProjectAPIHandler) -> None:
        self._handler = handler

    def server_info_query(self, tvm_version: Any = "") -> dict[str, Any]:
        if not isinstance(tvm_version, str):
            raise InvalidParamsError(f"tvm_version is a string, not {shown(tvm_version)}")
        info = self._handler.server_info_query(tvm_version)
        path = info.model_library_format_path
        return {
            "protocol_version": PROTOCOL_VERSION,
            "platform_name": info.platform_name,
            "is_template": info.is_template,
            "model_library_format_path": path if path is None else str(path),
            "project_options": [option.to_json() for option in info.project_options],
        }

    def generate_project(
        self,
        model_library_format_path: Any,
        project_dir: Any,
        standalone_crt_dir: Any = None,
        options: Any = None,
    ) -> None:
        self._handler.generate_project(
            _path("model_library_format_path", model_library_format_path),
            _path("standalone_crt_dir", standalone_crt_dir) if standalone_crt_dir else None,
            _path("project_dir", project_dir),
            self._options("generate_project", options),
        )

    def build(self, options: Any = None) -> None:
        self._in_project("build", options)

    def flash(self, options: Any = None) -> None:
        self._in_project("flash", options)

    def open_transport(self, options: Any = None) -> dict[str, Any]:
        return {"timeouts": vars(self._in_project("open_transport", options))}

    def close_transport(self) -> None:
        self._handler.close_transport()

    def read_transport(self, n: Any, timeout_sec: Any) -> Encoded:
        if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= MAX_READ_BYTES:
            raise InvalidParamsError(
                f"n is a whole number from 0 to {MAX_READ_BYTES}, not {shown(n)}"
            )
        data = base85.encode(self._handler.read_transport(n, _timeout(timeout_sec)))
        # No digit of base85 needs escaping, and making an encoder takes longer than encoding.
        return Encoded(f'{{"data": "{data}"}}')

    def write_transport(self, data: Any, timeout_sec: Any) -> None:
        if not isinstance(data, str):
            raise InvalidParamsError("data is a string of base85 digits")
        try:
            payload = base85.decode(data)
        except ValueError as error:
            raise InvalidParamsError(f"data is not base85: {error}") from None
        self._handler.write_transport(payload, _timeout(timeout_sec))

    def _in_project(self, method: str, options: Any) -> Any:
        """What a handler's method gives; a disk that is full or read-only is told by its path."""
        given = self._options(method, options)
        try:
            return getattr(self._handler, method)(given)
        except OSError as error:
            from ..disk import why_not_written

            archive = self._handler.server_info_query("").model_library_format_path
            project = pathlib.Path(archive or os.getcwd()).parent
            why = why_not_written(error, project)
            if why is None:
                raise
            raise ProjectError(f"{method} cannot write to the project {project}: {why}") from error

    def _options(self, method: str, given: Any) -> dict[str, Any]:
        if given is None:
            given = {}
        if not isinstance(given, dict):
            raise InvalidParamsError(
                f"options is an object of names and values, not {shown(given)}"
            )
        return read_options(self._handler.project_options, method, given)


def _path(name: str, given: Any) -> pathlib.Path:
    if not isinstance(given, str) or not given or "\0" in given:
        raise InvalidParamsError(f"{name} is the path of a file or directory, not {shown(given)}")
    return pathlib.Path(os.path.abspath(given))


def _timeout(given: Any) -> float | None:
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if given is not None and not (is_number and given >= 0):
        raise InvalidParamsError(f"timeout_sec is a number from 0 up, or null, not {shown(given)}")
    return given if given is None else min(given, _LONGEST_SEC)
