# SPDX-License-Identifier: Apache-2.0
"""The Project API clients that TVM released, each driving the host template end to end."""

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
    create_local_aot_executor,
    get_microtvm_template_projects,
)
from tests.crt import archives
from tests.crt.conftest import Release
from tests.templates import tiny_model
from tests.templates.test_host_template import START_OF_SESSION

SENDS_ALL_OPTIONS_SINCE = (0, 12)
"""From here on the client sends every option the server lists, to every method."""

HOST = pathlib.Path(get_microtvm_template_projects("host"))


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

    def make(self, archive: pathlib.Path, project: pathlib.Path, **given: str) -> None:
        """Generate a project and build it."""
        with self.start(HOST) as template:
            info = template.server_info_query("0.18.0")
            assert info["is_template"]
            options = self.options(info, **given)
            template.generate_project(str(archive), str(self.release.crt), str(project), options)
        with self.start(project) as server:
            info = server.server_info_query("0.18.0")
            assert not info["is_template"]
            server.build(self.options(info, **given))
            server.flash(self.options(info, **given))


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


@pytest.fixture(scope="session")
def tvm(release: Release, build_tools: None) -> TvmClient:
    if not (release.project_api / "client.py").is_file():
        pytest.skip(f"{release.project_api} holds no client.py")
    return TvmClient(release)


def test_a_model_of_this_project(tvm: TvmClient, tmp_path: pathlib.Path) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    given = {"project_type": "host_driven", "verbose": "true", "workspace_size_bytes": "100000"}
    tvm.make(archive, tmp_path / "project", **given)
    x = np.float32([0, 1, -2.5, 1e6])
    with tvm.start(tmp_path / "project") as server:
        options = tvm.options(server.server_info_query("0.18.0"), **given)
        for _ in range(2):
            with Session(TvmTransport(tvm, server, options)) as session:
                model = create_local_aot_executor(session)
                model.run(x=x)
                np.testing.assert_array_equal(model.get_output(0).numpy(), 2 * x + 1)


def test_an_operator_of_the_release(tvm: TvmClient, tmp_path: pathlib.Path) -> None:
    """Its own archive on its own C runtime."""
    archive = archives.operator(tmp_path / "scale.tar", tvm.release.version)
    given = {"project_type": "host_driven"}
    tvm.make(archive, tmp_path / "project", **given)
    x = np.float32([0, 1, -2.5, 1e6])
    with tvm.start(tmp_path / "project") as server:
        options = tvm.options(server.server_info_query("0.18.0"), **given)
        for _ in range(2):
            with Session(TvmTransport(tvm, server, options)) as session:
                arguments = session.array(x), session.empty((4,))
                lib = session.get_system_lib()
                lib["scale"](*arguments)
                np.testing.assert_array_equal(arguments[1].numpy(), 2 * x + 1)
                times = lib.time_evaluator("scale", number=2, repeat=3)(*arguments).results
                assert len(times) == 3


def test_the_transport(tvm: TvmClient, tmp_path: pathlib.Path) -> None:
    tvm.make(tiny_model.write_archive(tmp_path / "tiny.tar"), tmp_path / "project")
    with tvm.start(tmp_path / "project") as server:
        options = tvm.options(server.server_info_query("0.18.0"))
        server.open_transport(options)
        start = server.read_transport(len(START_OF_SESSION), 5)["data"]
        assert start == START_OF_SESSION
        server.write_transport(b"\x00" * 100, 5)
        with pytest.raises(tvm.server.IoTimeoutError, match="of 100"):
            server.read_transport(100, 0.1)
        server.close_transport()
        with pytest.raises(tvm.server.TransportClosedError):
            server.read_transport(1, 1)


def test_errors_are_those_it_knows(tvm: TvmClient) -> None:
    with tvm.start(HOST) as template:
        with pytest.raises(tvm.server.ServerError, match="no option 'boardd' .did you mean 'bo"):
            template.generate_project("/nowhere", "", "/nowhere/project", {"boardd": "x"})
        with pytest.raises(tvm.server.ServerError, match="nowhere cannot be opened: No such file"):
            template.generate_project("/nowhere", "", "/nowhere/project", {})
