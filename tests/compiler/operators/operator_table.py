# SPDX-License-Identifier: Apache-2.0
"""docs/operators.md: what becomes of every operator, found by compiling, running and checking it.

python -m tests.compiler.operators.operator_table            compare with the page
python -m tests.compiler.operators.operator_table --write    write the page
python -m tests.compiler.operators.operator_table --only ONNX Resize    print some outcomes
"""

from __future__ import annotations

import argparse
import difflib
import sys

from .onnx_half import HALF as ONNX
from .outcomes import judged
from .page import HEAD, PAGE, Half
from .tflite_half import HALF as TFLITE

HALVES = (TFLITE, ONNX)


def page() -> str:
    """The page's text, after all has been run."""
    texts = [half.text(dict(judged(half.judge, half.cases, set(half.cases)))) for half in HALVES]
    return "\n".join([HEAD, *texts])


def differences(old: str, new: str) -> list[str]:
    """Lines of one text that the other has not, as a diff shows them."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))


def _print(half: Half, operators: list[str]) -> None:
    cases = [case for case in half.cases if not operators or case.operator in operators]
    for case, outcome in judged(half.judge, cases, set(cases)):
        print(case.operator, case.dtype, case.version, outcome.verdict, outcome.words, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/operators.md")
    parser.add_argument(
        "--only", nargs="+", metavar=("FORMAT", "OPERATOR"), help="print what becomes of some"
    )
    arguments = parser.parse_args()
    if arguments.only:
        title, *operators = arguments.only
        _print(next(half for half in HALVES if half.title.startswith(title)), operators)
        return 0
    text = page()
    if arguments.write:
        PAGE.write_text(text)
        return 0
    changed = differences(PAGE.read_text(), text)
    print("\n".join(changed))
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
