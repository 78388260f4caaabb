# SPDX-License-Identifier: Apache-2.0
"""docs/operators.md says what is so.

Every model of the page is compiled; some are built and run beside their runtime, other ones
whenever the compiler's sources change. `operator_table.py` runs them all.
"""

from __future__ import annotations

import hashlib
import pathlib
import random

import pytest

import microtvm.compiler

_RUN = 48  # models of a format
_WRITE = "run: python -m tests.compiler.operators.operator_table --write"


@pytest.mark.parametrize("title", ["TensorFlow Lite"])
@pytest.mark.timeout(900)
def test_the_page_is_what_a_run_finds(title, require, require_module):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "compare with LiteRT")
    require_module("onnxruntime", "compare with ONNX Runtime")
    require("cc", "build models")
    from .operator_table import HALVES
    from .outcomes import DIFFERS, NO_FORM, judged
    from .page import PAGE

    half = next(half for half in HALVES if half.title == title)
    page = PAGE.read_text()
    said = half.read(page)
    assert set(said) == set(half.cases), f"other operators than those of the page; {_WRITE}"
    assert half.text(said) in page, f"the page is not as it is written; {_WRITE}"
    assert not [case for case, outcome in said.items() if outcome.verdict == DIFFERS]
    run = set(random.Random(_digest_of_sources()).sample(half.cases, _RUN))
    stale = [
        f"{case}: {outcome}, not {said[case]}"
        for case, outcome in judged(half.judge, half.cases, run)
        if outcome != said[case] and (case in run or said[case].verdict != NO_FORM)
    ]
    assert not stale, "\n".join([_WRITE, *stale])


def _digest_of_sources() -> str:
    """Changes with the compiler, and so do the models that are run."""
    folder = pathlib.Path(microtvm.compiler.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.[ph]*")):
        if path.suffix in (".py", ".h"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
