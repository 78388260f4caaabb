# SPDX-License-Identifier: Apache-2.0
"""The Project API clients that TVM released, each driving the host template end to end."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

from microtvm import Session, create_local_aot_executor, get_microtvm_template_projects
from tests.crt import archives
from tests.crt.conftest import Release
from tests.crt.tvm_client import TvmClient, TvmTransport, check_operator, loaded
from tests.templates import tiny_model
from tests.templates.test_host_template import START_OF_SESSION

HOST = pathlib.Path(get_microtvm_template_projects("host"))


@pytest.fixture(scope="session")
def tvm(release: Release, build_tools: None) -> TvmClient:
    return loaded(release)


def test_a_model_of_this_project(tvm: TvmClient, tmp_path: pathlib.Path) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    given = {"project_type": "host_driven", "verbose": "true", "workspace_size_bytes": "100000"}
    tvm.generate(HOST, archive, tmp_path / "project", **given)
    tvm.build(tmp_path / "project", **given)
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
    tvm.generate(HOST, archive, tmp_path / "project", **given)
    tvm.build(tmp_path / "project", **given)
    check_operator(tvm, tmp_path / "project", **given)


def test_the_transport(tvm: TvmClient, tmp_path: pathlib.Path) -> None:
    tvm.generate(HOST, tiny_model.write_archive(tmp_path / "tiny.tar"), tmp_path / "project")
    tvm.build(tmp_path / "project")
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
