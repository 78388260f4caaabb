# SPDX-License-Identifier: Apache-2.0
"""Running operators' C, under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from microtvm.compiler.emit.kernel_headers import FOLDER
from microtvm.compiler.operators import Operator

Case = tuple[Operator, Sequence[np.ndarray]]
Run = Callable[..., list[np.ndarray]]

_FLAGS = [
    "-std=c11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wconversion",
    "-Wshadow",
    "-ffp-contract=off",
    "-DMICROTVM_FLASH=const",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]

# Every tensor has memory of its own, so that a byte too far is seen.
_MAIN = """
static void *tensor(size_t size, int filled) {
    void *memory = malloc(size); /* aligned to 16 bytes on the hosts that have the sanitizers */
    if (memory == NULL || (filled && fread(memory, 1, size, stdin) != size)) {
        exit(3);
    }
    return memory;
}
"""


def _call(index: int, operator: Operator) -> str:
    sizes = [tensor.nbytes for tensor in operator.inputs]
    lines = [f"    void *x{i} = tensor({size}, 1);" for i, size in enumerate(sizes)]
    names = [f"x{i}" for i in range(len(sizes))] + ["out"]
    lines.append(f"    void *out = tensor({operator.output.nbytes}, 0);")
    if operator.scratch_bytes:
        names.append("scratch")
        lines.append(f"    void *scratch = tensor({operator.scratch_bytes}, 0);")
    lines += [
        f"    case{index}({', '.join(names)});",
        f"    fwrite(out, 1, {operator.output.nbytes}, stdout);",
        *(f"    free({name});" for name in names),
    ]
    return "\n".join(["  {", *lines, "  }"])


@pytest.fixture(scope="session")
def run_c(
    tmp_path_factory: pytest.TempPathFactory, require: Callable[..., str]
) -> Callable[[Sequence[Case]], list[np.ndarray]]:
    """``run_c(cases)``: the results of pairs of an operator and its inputs, of one C program.

    ``run_c(cases, words)`` adds words to the compiler's command.
    """
    compiler = require("gcc", "run operators")

    def run(cases: Sequence[Case], words: Sequence[str] = ()) -> list[np.ndarray]:
        folder: pathlib.Path = tmp_path_factory.mktemp("operators")
        headers = dict.fromkeys(header for operator, _ in cases for header in operator.headers)
        text = "\n".join(
            [
                "#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>",
                "#include <string.h>",
                *(f'#include "{header}"' for header in headers),
                _MAIN,
                *(operator.emit(f"case{i}") for i, (operator, _) in enumerate(cases)),
                "int main(void) {",
                *(_call(i, operator) for i, (operator, _) in enumerate(cases)),
                "  return 0;\n}\n",
            ]
        )
        (folder / "cases.c").write_text(text)
        subprocess.run(
            [compiler, *_FLAGS, f"-I{FOLDER}", str(folder / "cases.c")]
            + [*words, "-o", str(folder / "cases"), "-lm"],
            check=True,
        )
        for operator, arrays in cases:
            for array, tensor in zip(arrays, operator.inputs, strict=True):
                assert (array.dtype.name, array.shape) == (tensor.dtype, tensor.shape)
        given = b"".join(array.tobytes() for _, arrays in cases for array in arrays)
        output = subprocess.run(
            [str(folder / "cases")], input=given, stdout=subprocess.PIPE, check=True
        ).stdout
        results, start = [], 0
        for operator, _ in cases:
            tensor = operator.output
            results.append(
                np.frombuffer(output, tensor.dtype, tensor.size, start).reshape(tensor.shape)
            )
            start += tensor.nbytes
        return results

    return run
