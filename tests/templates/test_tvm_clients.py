# SPDX-License-Identifier: Apache-2.0
"""The Project API clients that TVM released, each driving the host template end to end.

``MICROTVM_TVM_PROJECT_API`` names a directory with ``client.py`` and ``server.py`` of TVM's
``python/tvm/micro/project_api``, or with one such directory for each release.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys
import types
from typing import Any

import pytest

from tests.templates.test_host_template import START_OF_SESSION

ROOT = os.environ.get("MICROTVM_TVM_PROJECT_API", "")


def releases() -> list[pathlib.Path]:
    if not ROOT:
        return []
    root = pathlib.Path(ROOT)
    return sorted(path.parent for path in (*root.glob("client.py"), *root.glob("*/client.py")))


@pytest.fixture(params=releases() or [None], ids=lambda path: path.name if path else "absent")
def tvm(request: pytest.FixtureRequest) -> Any:
    """The modules ``client`` and ``server`` of one release, as a package."""
    directory = request.param
    if directory is None:
        pytest.skip("MICROTVM_TVM_PROJECT_API names no directory with TVM's client.py")
    name = "tvm_project_api_" + directory.name.replace(".", "_")
    package = types.ModuleType(name)
    package.__path__ = [str(directory)]
    sys.modules[name] = package
    client = importlib.import_module(f"{name}.client")
    server = importlib.import_module(f"{name}.server")
    return types.SimpleNamespace(client=client, server=server, release=directory.name)


def fill_in(options: dict[str, Any], info: dict[str, Any], release: str) -> dict[str, Any]:
    """TVM 0.12 and later send every option that the server lists, to every method."""
    if release.startswith(("0.8.", "0.9.", "0.11.")):
        return dict(options)
    return {**{option["name"]: option["default"] for option in info["project_options"]}, **options}


def test_from_a_template_to_an_answer(
    tvm: Any,
    host_template: pathlib.Path,
    archive: pathlib.Path,
    build_tools: None,
    tmp_path: pathlib.Path,
) -> None:
    given = {"project_type": "host_driven", "verbose": "true", "workspace_size_bytes": "100000"}
    template = tvm.client.instantiate_from_dir(host_template)
    info = template.server_info_query("0.18.0")
    assert info["is_template"]
    options = fill_in(given, info, tvm.release)
    template.generate_project(str(archive), "", str(tmp_path / "project"), options)
    template.shutdown()

    project = tvm.client.instantiate_from_dir(tmp_path / "project")
    info = project.server_info_query("0.18.0")
    assert not info["is_template"]
    options = fill_in(given, info, tvm.release)
    project.build(options)
    project.flash(options)
    timeouts = project.open_transport(options)["timeouts"]
    assert tvm.server.TransportTimeouts(**timeouts).session_start_timeout_sec == 0
    assert project.read_transport(len(START_OF_SESSION), 5)["data"] == START_OF_SESSION
    project.write_transport(b"\x00" * 100, 5)
    with pytest.raises(tvm.server.IoTimeoutError, match="0 of 100 bytes|5 of 100 bytes|of 100"):
        project.read_transport(100, 0.1)
    project.close_transport()
    with pytest.raises(tvm.server.TransportClosedError):
        project.read_transport(1, 1)
    project.shutdown()


def test_errors_are_those_it_knows(tvm: Any, host_template: pathlib.Path) -> None:
    template = tvm.client.instantiate_from_dir(host_template)
    with pytest.raises(tvm.server.ServerError, match="no option 'boardd' .did you mean 'board'"):
        template.generate_project("/nowhere", "", "/nowhere/project", {"boardd": "x"})
    with pytest.raises(tvm.server.ServerError, match="nowhere cannot be opened: No such file"):
        template.generate_project("/nowhere", "", "/nowhere/project", {})
    template.shutdown()
