# SPDX-License-Identifier: Apache-2.0
"""The interface a template implements: one method for each method of the Project API."""

from __future__ import annotations

import abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Any, Sequence

    from .options import ProjectOption


class ServerInfo:
    """The answer to ``server_info_query``.

    Parameters
    ----------
    platform_name : str
        A short name of the platform.
    is_template : bool
        True for a template, False for a generated project.
    model_library_format_path : str, pathlib.Path or None
        The archive the project was made from, relative to the server's directory.
    project_options : sequence of ProjectOption
        What clients may set.
    """

    def __init__(
        self,
        platform_name: str,
        is_template: bool,
        model_library_format_path: str | pathlib.Path | None,
        project_options: Sequence[ProjectOption],
    ) -> None:
        self.platform_name = platform_name
        self.is_template = is_template
        self.model_library_format_path = model_library_format_path
        self.project_options = project_options


class TransportTimeouts:
    """How long a client waits for the device, in seconds; 0 disables a limit.

    Parameters
    ----------
    session_start_retry_timeout_sec : float
        Wait for the reply to a session start before it is sent again.
    session_start_timeout_sec : float
        Wait for the session in all.
    session_established_timeout_sec : float
        Wait for each reply once the session stands.
    """

    def __init__(
        self,
        session_start_retry_timeout_sec: float,
        session_start_timeout_sec: float,
        session_established_timeout_sec: float,
    ) -> None:
        self.session_start_retry_timeout_sec = session_start_retry_timeout_sec
        self.session_start_timeout_sec = session_start_timeout_sec
        self.session_established_timeout_sec = session_established_timeout_sec


class ProjectAPIHandler(abc.ABC):
    """What a ``microtvm_api_server.py`` implements.

    Parameters are validated before a method is called: paths are absolute, ``options`` holds a
    value for every option of that method and nothing else. A method reports failure by raising one
    of :mod:`server_kit.errors`; the message is shown to a person.
    """

    #: Every option of every method.
    project_options: Sequence[ProjectOption] = ()

    @abc.abstractmethod
    def server_info_query(self, tvm_version: str) -> ServerInfo:
        """Describe this server.

        Parameters
        ----------
        tvm_version : str
            The client's ``tvm.__version__``; empty when it gave none.

        Raises
        ------
        UnsupportedTVMVersionError :
            When that version is known not to work.
        """

    @abc.abstractmethod
    def generate_project(
        self,
        model_library_format_path: pathlib.Path,
        standalone_crt_dir: pathlib.Path | None,
        project_dir: pathlib.Path,
        options: dict[str, Any],
    ) -> None:
        """Make a project that needs neither the template nor the archive any more.

        Parameters
        ----------
        model_library_format_path : pathlib.Path
            The archive.
        standalone_crt_dir : pathlib.Path or None
            TVM's C runtime, where the client has one.
        project_dir : pathlib.Path
            A directory that does not exist yet, or is empty.
        options : dict
        """

    @abc.abstractmethod
    def build(self, options: dict[str, Any]) -> None:
        """Compile the project."""

    @abc.abstractmethod
    def flash(self, options: dict[str, Any]) -> None:
        """Put the firmware on the device."""

    @abc.abstractmethod
    def open_transport(self, options: dict[str, Any]) -> TransportTimeouts:
        """Connect to the running firmware; nothing changes when it is connected already."""

    @abc.abstractmethod
    def close_transport(self) -> None:
        """Disconnect; nothing changes when it is not connected.

        Also called when the server ends, however it ends.
        """

    @abc.abstractmethod
    def read_transport(self, n: int, timeout_sec: float | None) -> bytes:
        """Receive exactly ``n`` bytes.

        Parameters
        ----------
        n : int
        timeout_sec : float or None
            Seconds for the whole call; 0 takes what is there, None waits without limit.

        Raises
        ------
        TransportClosedError :
            When the other end has gone and cannot deliver ``n`` bytes any more.
        IoTimeoutError :
            When fewer than ``n`` arrived in time. They are kept for the next call.
        """

    @abc.abstractmethod
    def write_transport(self, data: bytes, timeout_sec: float | None) -> None:
        """Send all bytes.

        Raises
        ------
        TransportClosedError :
            When the other end has gone.
        IoTimeoutError :
            When not all were taken in time.
        """
