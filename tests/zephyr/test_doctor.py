# SPDX-License-Identifier: Apache-2.0
"""``microtvm doctor`` in environments that lack things."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

MODULES = ("elftools", "yaml", "pykwalify", "packaging")


def doctor(template: str, env: dict[str, str]) -> tuple[int, dict[str, dict[str, Any]], str]:
    """The exit status, the findings by name, and standard error."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ZEPHYR", "CROSS_COMPILE", "GNUARMEMB"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "microtvm", "doctor", "--template", template, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, **env},
    )
    found = json.loads(done.stdout)["templates"][template]["findings"] if done.stdout else []
    return done.returncode, {finding["name"]: finding for finding in found}, done.stderr


@pytest.fixture()
def tools(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory of programs that say a version, and a Python with Zephyr's packages."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name, version in (("cmake", "3.25.1"), ("ninja", "1.11"), ("cc", "12.2.0")):
        (directory / name).write_text(f"#!/bin/sh\necho {name} version {version}\n")
    (directory / "python").write_text("#!/bin/sh\nexit 0\n")
    (directory / "west").write_text(f"#!{directory}/python\n")
    for path in directory.iterdir():
        path.chmod(0o755)
    return directory


def test_all_that_host_needs(tools: pathlib.Path) -> None:
    status, findings, said = doctor("host", {"PATH": str(tools)})
    assert (status, said) == (0, "")
    assert findings["cmake"]["found"] == f"3.25.1 {tools}/cmake"
    assert not findings["c++"]["required"] and findings["c++"]["found"] is None


def test_a_missing_and_an_old_tool(tools: pathlib.Path) -> None:
    (tools / "cc").unlink()
    (tools / "cmake").write_text("#!/bin/sh\necho cmake version 3.5.1\n")
    status, findings, said = doctor("host", {"PATH": str(tools)})
    assert status == 1 and "host (cc, cmake)" in said
    assert "apt-get install gcc" in findings["cc"]["install"]
    assert "3.16 or later" in findings["cmake"]["needed_for"]


def test_all_that_zephyr_needs(tools: pathlib.Path, tmp_path: pathlib.Path) -> None:
    base = tmp_path / "zephyr"
    base.mkdir()
    (base / "VERSION").write_text("VERSION_MAJOR = 4\nVERSION_MINOR = 2\nPATCHLEVEL = 0\n")
    sdk = tmp_path / "zephyr-sdk-0.17.0"
    sdk.mkdir()
    env = {"PATH": str(tools), "ZEPHYR_BASE": str(base), "ZEPHYR_SDK_INSTALL_DIR": str(sdk)}
    status, findings, said = doctor("zephyr", env)
    assert (status, said) == (0, "")
    assert findings["Zephyr"]["found"] == f"4.2.0 {base}"
    assert findings["toolchain"]["found"] == str(sdk)
    cross = {**env, "ZEPHYR_TOOLCHAIN_VARIANT": "cross-compile", "CROSS_COMPILE": "/nowhere/arm-"}
    status, findings, said = doctor("zephyr", cross)
    assert status == 1 and findings["toolchain"]["install"] == "set CROSS_COMPILE"


def test_nothing_that_zephyr_needs(tools: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tools / "python").write_text("#!/bin/sh\nexit 1\n")
    env = {"PATH": str(tools), "HOME": str(tmp_path), "ZEPHYR_BASE": str(tmp_path)}
    status, findings, said = doctor("zephyr", env)
    assert status == 1 and "Zephyr" in said and "Python packages" in said
    missing = [name for name, finding in findings.items() if finding["found"] is None]
    assert {"Zephyr", "Python packages"} <= set(missing)
    assert all(findings[name]["install"] for name in missing)
    assert all(name in findings["Python packages"]["needed_for"] for name in MODULES)


def test_an_unknown_template() -> None:
    status, _, said = doctor("zefyr", {})
    assert status == 1 and "nothing is known of what template 'zefyr' needs; known are host" in said
