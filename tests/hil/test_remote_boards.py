# SPDX-License-Identifier: Apache-2.0
"""Boards whose ports are another machine's: ser2net serves them on loopback."""

from __future__ import annotations

import yaml

from tests import ser2net
from tests.hil import suite


def test_one_behind_a_socket_and_one_behind_rfc2217(attach, require, tmp_path):
    program = require("ser2net", "serve ports as another machine does")
    with (
        ser2net.served(program, attach().port, tmp_path) as (by_socket, _),
        ser2net.served(program, attach().port, tmp_path) as (_, by_rfc2217),
    ):
        entries = [
            {"connected": True, "platform": "arduino:avr:mega", "serial": url}
            for url in (by_socket, by_rfc2217)
        ]
        for entry in entries:
            entry["flash_timeout"] = 200
        path = tmp_path / "map.yml"
        path.write_text(yaml.safe_dump(entries), encoding="utf-8")
        brief = (
            "--soak",
            "1",
            "--restarts",
            "3",
            "-k",
            "soak or trips or one_after or cut_off or in_use or dtype or evaluator",
        )
        ran = suite.run(tmp_path / "report", "--hardware-map", str(path), *brief)
    assert ran.status == 0, ran.said
    for number in (1, 2):
        assert ran.outcomes(f"arduino:avr:mega #{number}").keys() == {"passed"}, ran.said
        assert ran.outcomes(f"arduino:avr:mega #{number}")["passed"] >= 9
