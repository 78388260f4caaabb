# SPDX-License-Identifier: Apache-2.0
"""docs/operators.md says what is so.

Every operator and type is in it, once in each form; every model that it says is refused is
compiled, and so are some of the others, of which a few are built and run: other ones whenever the
compiler's sources change. `operator_table.py` runs them all, which takes minutes.
"""

from __future__ import annotations

import hashlib
import pathlib
import random

import pytest

import microtvm.compiler

_COMPILED, _RUN = 240, 40  # models of a format that are not refused
_WRITE = "run: python -m tests.compiler.operators.operator_table --write"


@pytest.mark.parametrize("title", ["TensorFlow Lite", "ONNX"])
@pytest.mark.timeout(900)
def test_the_page_is_what_a_run_finds(title, require, require_module):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "compare with LiteRT")
    require_module("onnxruntime", "compare with ONNX Runtime")
    require("cc", "build models")
    from .operator_table import HALVES
    from .outcomes import DIFFERS, NO_FORM, NOT_RUN, REFUSED, judged
    from .page import PAGE

    half = next(half for half in HALVES if half.title == title)
    page = PAGE.read_text()
    said = half.read(page)
    assert set(said) == set(half.cases), f"other operators than those of the page; {_WRITE}"
    assert half.text(said) in page, f"the page is not as it is written; {_WRITE}"
    assert not [case for case, outcome in said.items() if outcome.verdict in (DIFFERS, NOT_RUN)]
    refused = [case for case in half.cases if said[case].verdict == REFUSED]
    others = [case for case in half.cases if said[case].verdict != REFUSED]
    chosen = random.Random(_digest_of_sources()).sample(others, min(_COMPILED, len(others)))
    run = set(chosen[:_RUN])
    stale = [
        f"{case}: {outcome}, not {said[case]}"
        for case, outcome in judged(half.judge, [*refused, *sorted(chosen)], run)
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
