# SPDX-License-Identifier: Apache-2.0
"""docs/operators.md: what becomes of every operator, found by compiling, running and checking it.

python -m tests.compiler.operators.operator_table            compare with the page
python -m tests.compiler.operators.operator_table --write    write the page
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from microtvm.compiler import compile
from microtvm.compiler.errors import CompileError
from microtvm.compiler.verify import WrongAnswersError

from .tflite_cases import CASES, model

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "operators.md"

RUNS, IN_FLOAT, REFUSED, DIFFERS, NO_FORM = "runs", "in float", "refused", "differs", "none"

_TYPES = ("float32", "int8", "int16", "uint8", "int32", "bool")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_HEAD = """# Operators

Made by `python -m tests.compiler.operators.operator_table --write`; CI fails when it is stale.

## TensorFlow Lite

Every operator of TensorFlow Lite Micro in a small model, for each element type of its data:
compiled, built with the host's compiler, and run beside LiteRT with the tolerance that `microtvm
compile` has.

- **runs**: the answers are LiteRT's, and integers are computed in integers;
- **in float**: the answers are LiteRT's, integers are computed through float;
- **refused**: `compile` says so, in the words below;
- **differs**: it compiles, to answers further from LiteRT's than the tolerance, which the check of
  `compile` refuses;
- none: LiteRT itself refuses the model;
- empty: not tried, since TensorFlow Lite Micro has no such form, or old models of uint8 seldom do.

"""


def _outcome(case: tuple[str, str]) -> tuple[str, str]:
    """What becomes of an operator with an element type, and the compiler's or LiteRT's words."""
    operator, dtype = case
    content, said = model(operator, dtype)
    if said:
        return NO_FORM, said
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.tflite"
        path.write_bytes(content)
        try:
            compiled = compile(path, check=True)
        except WrongAnswersError as error:
            return DIFFERS, str(error).replace(f"{path}: ", "").replace("compiled, it gives ", "")
        except CompileError as error:
            return REFUSED, str(error).replace(f"{path}: ", "")
    verification = compiled.verification
    assert verification is not None
    if not verification.outputs:
        if "LiteRT itself" not in verification.note:
            raise RuntimeError(f"{operator} {dtype}: {verification.note}")
        return NO_FORM, verification.note
    types = {tensor.dtype for tensor in (*compiled.inputs, *compiled.outputs)}
    code = compiled.files["codegen/host/src/default_lib0.c"].decode()
    if "float32" not in types and re.search(r"\bfloat\b", _COMMENT.sub("", code)):
        return IN_FLOAT, ""
    return RUNS, ""


def outcomes() -> dict[tuple[str, str], tuple[str, str]]:
    """For each operator and element type, what becomes of it, and why."""
    cases = [(operator, dtype) for operator, (types, _) in CASES.items() for dtype in types]
    # A fresh interpreter: TVM's and LiteRT's threads do not survive a fork.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return dict(zip(cases, pool.map(_outcome, cases, chunksize=4), strict=True))


def page(found: dict[tuple[str, str], tuple[str, str]]) -> str:
    """The page's text."""
    rows = [["operator", *_TYPES], ["---"] * (1 + len(_TYPES))]
    for operator in sorted(CASES):
        cells = [found.get((operator, dtype), ("", ""))[0] for dtype in _TYPES]
        rows.append([f"`{operator}`", *cells])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    texts = [
        f"- `{operator}`, {dtype}: {verdict}: {' '.join(text.split())}"
        for (operator, dtype), (verdict, text) in sorted(found.items())
        if text
    ]
    return _HEAD + "\n".join(
        [*lines, "", "In the words of `compile` and of LiteRT:", "", *texts, ""]
    )


def differences(old: str, new: str) -> list[str]:
    """Lines of one text that the other has not, as a diff shows them."""
    import difflib

    lines: Iterable[str] = difflib.unified_diff(
        old.splitlines(), new.splitlines(), lineterm="", n=0
    )
    return list(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/operators.md")
    arguments = parser.parse_args()
    found = outcomes()
    text = page(found)
    if arguments.write:
        PAGE.write_text(text)
        return 0
    changed = differences(PAGE.read_text(), text)
    print("\n".join(changed))
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
