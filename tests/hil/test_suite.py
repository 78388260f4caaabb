# SPDX-License-Identifier: Apache-2.0
"""The suite for hardware, run on what stands in for boards here."""

from __future__ import annotations

import os
import subprocess
import sys


def suite(repository, *arguments, **variables) -> str:
    """Run it in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "hil_tests", *arguments],
        cwd=repository,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_with_nothing_attached_it_runs_on_the_host(require, repository, tmp_path):
    require("cc", "build firmware for the host")
    said = suite(repository, ARDUINO_CLI=str(tmp_path / "none"))
    assert "28 passed" in said
    assert said.startswith("hil: no board is attached: this runs on the host template\n")


def test_on_an_emulated_cortex_m(require, repository):
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool, "build firmware for Cortex-M boards and run it")
    assert "28 passed" in suite(repository, "--board", "mps2_an385")
