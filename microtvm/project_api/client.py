# SPDX-License-Identifier: Apache-2.0
"""Project API client: JSON-RPC 2.0 over two pipes to a template's or a project's server.

Source: the Project API RFC, and TVM 0.18, ``python/tvm/micro/project_api/client.py``, whose wire
this is: one JSON object a line, parameters by name, bytes in base85.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import IO, Any, BinaryIO, TypeAlias

from server_kit import errors as server_errors
from server_kit.api import base85, client_directory
from server_kit.errors import JSONRPCError, ServerError

from ..errors import MicroTVMError

PROTOCOL_VERSION = 1
SERVER_FILE = "microtvm_api_server.py"
LAUNCH_SCRIPT = "launch_microtvm_api_server.sh"

Options: TypeAlias = Mapping[str, Any]

_KEPT_OUTPUT_LINES = 40
_END_SEC = 5.0  # for a server to end by itself after its request pipe is closed


class ProjectAPIError(MicroTVMError):
    """The Project API server cannot be reached, or what it says is not the Project API."""


class ConnectionShutdownError(ProjectAPIError):
    """The server is no longer there."""


class MalformedReplyError(ProjectAPIError):
    """The server's reply is not JSON-RPC 2.0."""


class MismatchedIdError(ProjectAPIError):
    """The server answered another request than the one that was sent."""


class ProjectAPIServerNotFoundError(ProjectAPIError):
    """The directory holds no Project API server."""


class UnsupportedProtocolVersionError(ProjectAPIError):
    """The server speaks a version of the Project API that this client does not know."""


def _error_classes() -> dict[str, type[JSONRPCError]]:
    found = (value for value in vars(server_errors).values() if isinstance(value, type))
    return {cls.__name__: cls for cls in found if issubclass(cls, JSONRPCError)}


_CLASSES_BY_NAME = _error_classes()
_CLASSES_BY_CODE = {
    cls.code: cls for cls in _CLASSES_BY_NAME.values() if JSONRPCError in (cls, *cls.__bases__)
}


def error_from_reply(method: str, error: Any) -> JSONRPCError:
    """Make an exception of the ``error`` object of a reply.

    Errors that travel by name (TVM's convention: the message is the class's name) become
    server_kit's class of that name. ``str()`` is one sentence; the server's traceback, if it sent
    one, is the attribute ``traceback``.

    Parameters
    ----------
    method : str
        The method that was called.
    error : object
        The reply's ``error``.

    Raises
    ------
    MalformedReplyError
        It is not an error object of JSON-RPC 2.0.
    """
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        raise MalformedReplyError(f"the server answered {method} with the error {error!r}")
    message = str(error.get("message") or "").strip()
    sent = error.get("data")
    data: dict[str, Any] = sent if isinstance(sent, dict) else {}
    traceback = data.get("traceback")
    cls = _CLASSES_BY_NAME.get(message)
    if cls is not None:
        sentence = data.get("detail") or _first_sentence(cls)
    else:
        cls = _CLASSES_BY_CODE.get(error["code"], ServerError)
        sentence = message or f"{method} failed with error {error['code']} and no message"
        if message == f"calling method {method}" and isinstance(traceback, str):
            # TVM's servers say no more than this about an unexpected exception.
            sentence = f"{method} failed: {traceback.strip().splitlines()[-1]}"
    made = cls(str(sentence))
    made.traceback = traceback if isinstance(traceback, str) else None  # type: ignore[attr-defined]
    return made


def _first_sentence(cls: type[JSONRPCError]) -> str:
    text = (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")
    return text[0].lower() + text[1:]


class ProjectAPIClient:
    """Call a server's methods over two pipes.

    Parameters
    ----------
    read_file : binary file
        Replies come from here.
    write_file : binary file
        Requests go here. Closing it tells the server to end.
    on_shutdown : callable, optional
        Called once after both are closed.
    describe_end : callable, optional
        Says what is known about a server that ended without answering: a sentence for the error's
        message, and the end of its output.
    """

    def __init__(
        self,
        read_file: BinaryIO,
        write_file: BinaryIO,
        on_shutdown: Callable[[], None] | None = None,
        describe_end: Callable[[], tuple[str, str | None]] | None = None,
    ):
        self._read_file = read_file
        self._write_file = write_file
        self._describe_end = describe_end
        self._next_id = 1
        self._finalizer = weakref.finalize(self, _close_all, read_file, write_file, on_shutdown)

    @property
    def is_shutdown(self) -> bool:
        """Whether the connection is closed."""
        return not self._finalizer.alive

    def shutdown(self) -> None:
        """Close the connection and let the server end. Safe to call again."""
        self._finalizer()

    def __enter__(self) -> ProjectAPIClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()

    def server_info_query(self, tvm_version: str) -> dict[str, Any]:
        """Ask what the server is: platform, template or project, options.

        Raises
        ------
        UnsupportedProtocolVersionError
            The server's version of the Project API is not this client's.
        """
        reply = self._call("server_info_query", {"tvm_version": tvm_version})
        if not isinstance(reply, dict) or "is_template" not in reply:
            raise MalformedReplyError(f"the server describes itself as {reply!r}")
        version = reply.get("protocol_version", PROTOCOL_VERSION)
        if version != PROTOCOL_VERSION:
            raise UnsupportedProtocolVersionError(
                f"the server speaks version {version} of the Project API;"
                f" this client speaks version {PROTOCOL_VERSION}"
            )
        return reply

    def generate_project(
        self,
        model_library_format_path: str,
        standalone_crt_dir: str,
        project_dir: str,
        options: Options | None = None,
    ) -> None:
        """Generate a project. Paths must be absolute: the server has a directory of its own."""
        self._call(
            "generate_project",
            {
                "model_library_format_path": model_library_format_path,
                "standalone_crt_dir": standalone_crt_dir,
                "project_dir": project_dir,
                "options": dict(options or {}),
            },
        )

    def build(self, options: Options | None = None) -> None:
        """Build the project's firmware."""
        self._call("build", {"options": dict(options or {})})

    def flash(self, options: Options | None = None) -> None:
        """Program the firmware onto the device."""
        self._call("flash", {"options": dict(options or {})})

    def open_transport(self, options: Options | None = None) -> dict[str, Any]:
        """Connect to the device; the reply holds the transport's ``timeouts``."""
        reply = self._call("open_transport", {"options": dict(options or {})})
        if not isinstance(reply, dict) or not isinstance(reply.get("timeouts"), dict):
            raise MalformedReplyError(f"the server answered open_transport with {reply!r}")
        return reply

    def close_transport(self) -> None:
        """Disconnect from the device."""
        self._call("close_transport", {})

    def read_transport(self, n: int, timeout_sec: float | None) -> bytes:
        """Read ``n`` bytes from the device.

        Raises
        ------
        server_kit.errors.IoTimeoutError, server_kit.errors.TransportClosedError
            As the names say.
        """
        reply = self._call("read_transport", {"n": n, "timeout_sec": timeout_sec})
        try:
            return base85.decode(reply["data"])
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise MalformedReplyError(
                f"the server answered read_transport with {reply!r}"
            ) from error

    def write_transport(self, data: bytes, timeout_sec: float | None) -> None:
        """Write all of ``data`` to the device; errors are those of `read_transport`."""
        self._call("write_transport", {"data": base85.encode(data), "timeout_sec": timeout_sec})

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        if self.is_shutdown:
            raise ConnectionShutdownError(f"{method} was called after the server was shut down")
        request_id = self._next_id
        self._next_id += 1
        request = {"jsonrpc": "2.0", "method": method, "params": params, "id": request_id}
        try:
            self._write_file.write(json.dumps(request).encode() + b"\n")
            self._write_file.flush()
            line = self._read_file.readline()
        except OSError:
            line = b""
        except BaseException:
            # Interrupted before the reply: the next one read would be this one's.
            self.shutdown()
            raise
        if not line.endswith(b"\n"):
            self.shutdown()
            raise self._ended(method)
        return self._result(method, request_id, line)

    def _ended(self, method: str) -> ConnectionShutdownError:
        sentence, output = self._describe_end() if self._describe_end else ("", None)
        message = f"the Project API server ended without answering {method}"
        return ConnectionShutdownError(message + sentence, details=output)

    def _result(self, method: str, request_id: int, line: bytes) -> Any:
        shown = line[:80].decode("utf-8", "replace").strip()
        try:
            reply = json.loads(line)
        except ValueError as error:
            self.shutdown()
            raise MalformedReplyError(
                f"the server's reply to {method} is not JSON: {shown!r}",
                hint="a server must write nothing but replies to its --write-fd",
            ) from error
        if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
            self.shutdown()
            raise MalformedReplyError(f"the server's reply to {method} is not JSON-RPC: {shown!r}")
        if reply.get("id") != request_id and not (reply.get("id") is None and "error" in reply):
            self.shutdown()
            raise MismatchedIdError(
                f"the server answered request {reply.get('id')!r} when {method} was {request_id}"
            )
        if reply.get("error") is not None:
            raise error_from_reply(method, reply["error"])
        if "result" not in reply:
            raise MalformedReplyError(f"the server's reply to {method} has no result: {shown!r}")
        return reply["result"]


def _close_all(
    read_file: BinaryIO, write_file: BinaryIO, on_shutdown: Callable[[], None] | None
) -> None:
    for file in (write_file, read_file):
        with contextlib.suppress(OSError):  # what could not be sent any more is lost anyway
            file.close()
    if on_shutdown is not None:
        on_shutdown()


class _ServerProcess:
    """A running server: its output is kept, and it is made to end."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[str] | None):
        self._process = process
        self._output = output
        self._kept: collections.deque[str] = collections.deque(maxlen=_KEPT_OUTPUT_LINES)
        self._reader = threading.Thread(target=self._pump, daemon=True, name="server output")
        self._reader.start()

    def _pump(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace")
                self._kept.append(line)
                if self._output is not None:
                    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
                        self._output.write(line)
                        self._output.flush()

    def end(self) -> None:
        """Wait for the server to end after its request pipe was closed; insist, if need be."""
        for insist in (None, signal.SIGTERM, signal.SIGKILL):
            if insist is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, insist)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SEC)
                break
        self._reader.join(0.5)  # a program the server left behind may hold the pipe open

    def describe_end(self) -> tuple[str, str | None]:
        """Say how the server ended, and what it said last."""
        status = self._process.poll()
        output = "".join(self._kept).strip()
        last = output.splitlines()[-1] if output else ""
        sentence = f" (exit status {status})" if status else ""
        return sentence + (f": {last}" if last else ""), output or None


def instantiate_from_dir(
    project_dir: pathlib.Path | str,
    debug: bool = False,
    output: IO[str] | None = None,
) -> ProjectAPIClient:
    """Launch the server of a template or a project.

    Parameters
    ----------
    project_dir : path
        The directory that holds ``microtvm_api_server.py``; a ``launch_microtvm_api_server.sh``
        beside it is run in its place, as TVM does.
    debug : bool
        Ask the server to log what it does.
    output : text file, optional
        Where what the server and its tools print goes as it comes. The last lines are kept in any
        case, for the error's message when the server dies.

    Returns
    -------
    ProjectAPIClient
        The server ends when it is shut down or no longer used.

    Raises
    ------
    ProjectAPIServerNotFoundError
        There is no server in the directory.
    """
    directory = pathlib.Path(project_dir).absolute()
    script, launcher = directory / SERVER_FILE, directory / LAUNCH_SCRIPT
    if launcher.is_file():
        command = [str(launcher), str(script)]
    elif script.is_file():
        command = [sys.executable, str(script)]
    else:
        if directory.is_dir():
            said = f"holds neither {SERVER_FILE} nor {LAUNCH_SCRIPT}"
        elif directory.exists():
            said = "is a file"
        else:
            said = f"does not exist; it should hold {SERVER_FILE} or {LAUNCH_SCRIPT}"
        raise ProjectAPIServerNotFoundError(
            f"{project_dir} {said}",
            hint="name the directory of a template or of a generated project",
        )
    with contextlib.ExitStack() as stack:
        server_read, client_write = _pipe(stack)
        client_read, server_write = _pipe(stack)
        command += ["--read-fd", str(server_read), "--write-fd", str(server_write)]
        if debug:
            command.append("--debug")
        try:
            # A session of its own: Ctrl-C in a terminal is for this process, which then ends the
            # server in order.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(server_read, server_write),
                cwd=directory,
                env={**os.environ, client_directory.VARIABLE: os.getcwd()},
                start_new_session=True,
            )
        except OSError as error:
            raise ProjectAPIError(f"{command[0]} cannot be run: {error.strerror}") from error
        os.close(server_read)
        os.close(server_write)
        stack.pop_all()
    server = _ServerProcess(process, output)
    return ProjectAPIClient(
        os.fdopen(client_read, "rb"), os.fdopen(client_write, "wb"), server.end, server.describe_end
    )


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends
