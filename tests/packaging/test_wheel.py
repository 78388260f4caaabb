# SPDX-License-Identifier: Apache-2.0
"""The wheel works where there is no checkout: it carries the templates and what they need."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tests.hil import recorded_runs
from tests.templates.tiny_model import write_archive


@pytest.fixture(scope="module")
def installed(repository, require_module, tmp_path_factory) -> pathlib.Path:
    """A directory that the wheel was installed into, away from the checkout."""
    require_module("build", "build the wheel")
    scratch = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", scratch, "."],
        cwd=repository,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = scratch.glob("*.whl")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", scratch / "site", wheel], check=True)
    return scratch


def run(installed: pathlib.Path, *arguments: object) -> str:
    """Run a command line of the installed package; its standard output."""
    environment = {**os.environ, "PYTHONPATH": str(installed / "site")}
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(
        command, check=False, cwd=installed, env=environment, stdout=subprocess.PIPE
    )
    assert result.returncode == 0, result.stdout.decode()
    return result.stdout.decode()


def test_it_is_the_installed_package_that_is_tested(installed):
    shown = run(installed, "-c", "import microtvm, server_kit; print(microtvm.__file__)")
    assert pathlib.Path(shown.strip()).is_relative_to(installed)


def test_a_template_is_a_directory_of_files_that_tvm_can_be_pointed_at(installed):
    ask = "import microtvm; print(microtvm.get_microtvm_template_projects('host'))"
    template = pathlib.Path(run(installed, "-c", ask).strip())
    assert template.is_relative_to(installed)
    assert os.access(template / "microtvm_api_server.py", os.X_OK)
    assert (template / "server_kit" / "__init__.py").is_file()
    assert (template / "device_kit" / "include" / "device_kit" / "model.h").is_file()


def test_the_wheel_holds_nothing_but_the_package(installed):
    (wheel,) = installed.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert roots == {"hil_tests", "microtvm", "server_kit"}
    assert not [name for name in names if "__pycache__" in name]


def test_a_bench_runs_the_suite_without_the_checkout(installed, require):
    require("cc", "build firmware for the host")
    chosen = ("--board", "host", "-k", "dtype", "--report", installed / "report")
    said = run(installed, "-m", "hil_tests", *chosen, "-p", "no:cacheprovider")
    assert said.startswith("hil: host, named by options\n")
    assert "1 passed" in said
    assert (installed / "report" / "report.jsonl").is_file()


def test_an_archive_runs_without_the_checkout_and_without_tvm(installed, require):
    require("cc", "build firmware for the host")
    archive = write_archive(installed / "model.tar")
    np.savez(installed / "in.npz", x=np.array([1, 2, 3, 4], np.float32))
    cli = ("-m", "microtvm")
    run(installed, *cli, "create", "project", archive, "--template", "host")
    run(installed, *cli, "build", "project")
    run(installed, *cli, "flash", "project")
    report = run(
        installed, *cli, "run", "project", "--inputs", "in.npz", "--outputs", "out.npz", "--json"
    )
    json.loads(report)
    with np.load(installed / "out.npz") as outputs:
        np.testing.assert_array_equal(outputs["output"], np.array([3, 5, 7, 9], np.float32))


def test_a_report_is_made_again_where_only_the_wheel_is(installed):
    lines = recorded_runs.lines(boards=2, failing=1)
    (installed / "run.jsonl").write_text("\n".join(lines))
    said = run(installed, "-m", "hil_tests.report", "run.jsonl", "-o", "page.html")
    assert "page.html" in said
    assert "1 of 2 boards failed" in (installed / "page.html").read_text(encoding="utf-8")
    where = run(installed, "-c", "import hil_tests; print(hil_tests.__file__)")
    assert pathlib.Path(where.strip()).is_relative_to(installed)
