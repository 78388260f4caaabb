# SPDX-License-Identifier: Apache-2.0
"""The package as it is imported."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

import microtvm
from microtvm import templates
from microtvm.errors import MicroTVMError

from .conftest import command_environment

NEEDS_TVM = {"compile", "export_model_library_format"}


def imported_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(ran.stdout.split())


def test_the_package_imports_nothing_before_it_is_needed() -> None:
    modules = imported_by("import microtvm")
    assert not modules & {"numpy", "tvm", "rich", "yaml", "server_kit", "subprocess"}


def test_nothing_but_the_compiler_needs_tvm() -> None:
    names = sorted(set(microtvm.__all__) - NEEDS_TVM)
    modules = imported_by(f"from microtvm import {', '.join(names)}")
    assert "tvm" not in modules
    assert "rich" not in modules


def test_the_steps_before_a_run_need_no_numpy() -> None:
    modules = imported_by("import microtvm.cli, microtvm.project, microtvm.archive")
    assert not modules & {"numpy", "tvm", "rich", "yaml"}


def test_every_public_name_is_there() -> None:
    assert set(microtvm.__all__) <= set(dir(microtvm))
    for name in microtvm.__all__:
        assert getattr(microtvm, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = microtvm.nothing


def test_templates_of_a_checkout(repository: pathlib.Path) -> None:
    found = microtvm.get_microtvm_template_projects("host")
    assert pathlib.Path(found).samefile(repository / "templates" / "host")
    with pytest.raises(MicroTVMError, match="no template 'nothing'; the templates are .*host"):
        microtvm.get_microtvm_template_projects("nothing")


def test_templates_of_an_installed_package(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a wheel the templates lie inside the package, and nothing lies beside it.
    inside = tmp_path / "microtvm" / "_templates" / "host"
    inside.mkdir(parents=True)
    (inside / "microtvm_api_server.py").touch()
    monkeypatch.setattr(
        templates, "_ROOTS", (tmp_path / "microtvm" / "_templates", tmp_path / "templates")
    )
    assert microtvm.get_microtvm_template_projects("host") == str(inside)
    assert templates.template_names() == ["host"]
