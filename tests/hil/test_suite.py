# SPDX-License-Identifier: Apache-2.0
"""The suite for hardware, run on what stands in for boards here."""

from __future__ import annotations

from tests.hil.suite import run


def test_with_nothing_attached_it_runs_on_the_host(require, tmp_path):
    require("cc", "build firmware for the host")
    without = str(tmp_path / "none")
    ran = run(tmp_path / "report", "-k", "not one_after and not soak", ARDUINO_CLI=without)
    assert ran.status == 0, ran.said
    line = "hil: no board is attached: this runs on the host template"
    assert ran.said.startswith(f"{line}\n")
    assert ran.entries[0]["line"] == line
    assert ran.outcomes("host")["passed"] >= 9
