# SPDX-License-Identifier: Apache-2.0
"""docs/operators.md says what is so: every operator is compiled, run and compared with LiteRT."""

from __future__ import annotations

import pytest


@pytest.mark.timeout(900)
def test_the_page_is_what_a_run_finds(require, require_module):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "compare with LiteRT")
    require("cc", "build models")
    from .operator_table import PAGE, differences, outcomes, page

    changed = differences(PAGE.read_text(), page(outcomes()))
    assert not changed, "run: python -m tests.compiler.operators.operator_table --write\n" + (
        "\n".join(changed)
    )
