# SPDX-License-Identifier: Apache-2.0
"""The Project API clients that TVM released, to drive a template with."""

from __future__ import annotations

import contextlib
import importlib
import pathlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from microtvm import (
    IoTimeoutError,
    Session,
    Transport,
    TransportClosedError,
    TransportTimeouts,
)
from tests.crt.conftest import Release

SENDS_ALL_OPTIONS_SINCE = (0, 12)
"""From here on the client sends every option the server lists, to every method."""


class TvmClient:
    """TVM's ``client.py`` and ``server.py`` of one release."""

    def __init__(self, release: Release):
        name = "tvm_project_api_" + release.name.replace(".", "_")
        package = types.ModuleType(name)
        package.__path__ = [str(release.project_api)]
        sys.modules[name] = package
        self.release = release
        self.client = importlib.import_module(f"{name}.client")
        self.server = importlib.import_module(f"{name}.server")

    @contextlib.contextmanager
    def start(self, directory: pathlib.Path) -> Iterator[Any]:
        """A server, as TVM starts it."""
        server = self.client.instantiate_from_dir(directory)
        try:
            yield server
        finally:
            server.shutdown()

    def options(self, info: dict[str, Any], **given: str) -> dict[str, Any]:
        """What the release's ``tvm.micro.project`` makes of a user's options."""
        if self.release.version < SENDS_ALL_OPTIONS_SINCE:
            return dict(given)
        return {
            **{option["name"]: option["default"] for option in info["project_options"]},
            **given,
        }

    def generate(
        self, template: pathlib.Path, archive: pathlib.Path, project: pathlib.Path, **given: str
    ) -> None:
        """Make a project."""
        with self.start(template) as server:
            info = server.server_info_query("0.18.0")
            assert info["is_template"]
            options = self.options(info, **given)
            server.generate_project(str(archive), str(self.release.crt), str(project), options)

    def build(self, project: pathlib.Path, is_flashed: bool = True, **given: str) -> None:
        """Build a project and put it on its board."""
        with self.start(project) as server:
            info = server.server_info_query("0.18.0")
            assert not info["is_template"]
            server.build(self.options(info, **given))
            if is_flashed:
                server.flash(self.options(info, **given))


def loaded(release: Release) -> TvmClient:
    """The client of a release, where that is here."""
    if not (release.project_api / "client.py").is_file():
        pytest.skip(f"{release.project_api} holds no client.py")
    return TvmClient(release)


class TvmTransport(Transport):
    """The device, through TVM's client."""

    def __init__(self, tvm: TvmClient, server: Any, options: dict[str, Any]):
        self._tvm = tvm
        self._server = server
        self._options = options

    def timeouts(self) -> TransportTimeouts:
        return TransportTimeouts(0, 0, 0)

    def open(self) -> None:
        timeouts = self._server.open_transport(self._options)["timeouts"]
        assert self._tvm.server.TransportTimeouts(**timeouts).session_start_timeout_sec == 20

    def close(self) -> None:
        self._server.close_transport()

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        with self._errors():
            return self._server.read_transport(n, timeout_sec)["data"]

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        with self._errors():
            self._server.write_transport(data, timeout_sec)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._tvm.server.IoTimeoutError as error:
            raise IoTimeoutError(str(error)) from error
        except self._tvm.server.TransportClosedError as error:
            raise TransportClosedError(str(error)) from error


def check_operator(tvm: TvmClient, project: pathlib.Path, sessions: int = 2, **given: str) -> None:
    """Ask a built project of ``archives.operator`` for its answers, in one session and another."""
    x = np.float32([0, 1, -2.5, 1e6])
    with tvm.start(project) as server:
        options = tvm.options(server.server_info_query("0.18.0"), **given)
        for _ in range(sessions):
            with Session(TvmTransport(tvm, server, options)) as session:
                arguments = session.array(x), session.empty((4,))
                lib = session.get_system_lib()
                lib["scale"](*arguments)
                np.testing.assert_array_equal(arguments[1].numpy(), 2 * x + 1)
                times = lib.time_evaluator("scale", number=2, repeat=3)(*arguments).results
                assert len(times) == 3
