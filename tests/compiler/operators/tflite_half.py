# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's half of docs/operators.md."""

from __future__ import annotations

import pathlib
import tempfile

from microtvm.compiler import compile
from microtvm.compiler.errors import CompileError
from microtvm.compiler.verify import WrongAnswersError

from .outcomes import DIFFERS, NO_FORM, REFUSED, Case, Outcome, computed
from .page import Half
from .tflite_cases import CASES, model

_INTRODUCTION = """\
Every operator of TensorFlow Lite Micro in a small model, for each element type of its data:
compiled, built with the host's compiler, and run beside LiteRT with the tolerance that `microtvm
compile` has.

- **runs**: the answers are LiteRT's, and integers are computed in integers;
- **in float**: the answers are LiteRT's, integers are computed through float;
- **refused**: `compile` says so, in the words below;
- **differs**: it compiles, to answers further from LiteRT's than the tolerance, which the check of
  `compile` refuses;
- none: LiteRT itself refuses the model;
- empty: not tried, since TensorFlow Lite Micro has no such form, or old models of uint8 seldom \
do."""


def judge(case: Case, run: bool) -> Outcome:
    """See `outcomes.Judge`."""
    content, said = model(case.operator, case.dtype)
    if said:
        return Outcome(NO_FORM, said)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.tflite"
        path.write_bytes(content)
        try:
            compiled = compile(path, check=run)
        except WrongAnswersError as error:
            words = str(error).replace(f"{path}: ", "").replace("compiled, it gives ", "")
            return Outcome(DIFFERS, words)
        except CompileError as error:
            return Outcome(REFUSED, str(error).replace(f"{path}: ", ""))
    if not run:
        return Outcome(computed(compiled))
    verification = compiled.verification
    assert verification is not None
    if not verification.outputs:
        if "LiteRT itself" not in verification.note:
            raise RuntimeError(f"{case}: {verification.note}")
        return Outcome(NO_FORM, verification.note)
    return Outcome(computed(compiled))


HALF = Half(
    title="TensorFlow Lite",
    introduction=_INTRODUCTION,
    types=("float32", "int8", "int16", "uint8", "int32", "bool"),
    cases=tuple(Case(name, dtype) for name, (types, _) in sorted(CASES.items()) for dtype in types),
    words="In the words of `compile` and of LiteRT:",
    judge=judge,
)
