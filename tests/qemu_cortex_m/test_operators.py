# SPDX-License-Identifier: Apache-2.0
"""Each form of the int8 kernels, run where it is chosen: plain C (M3), DSP (M4F) and MVE (M55).

On the last one, calls of CMSIS-NN too, with a stand-in for it (tests/cmsis_nn): dense layers are
called in another way there.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from microtvm.compiler.emit.kernel_headers import FOLDER
from microtvm.compiler.operators import Operator
from microtvm.compiler.operators.cmsis_nn import cmsis_nn_form
from tests.compiler.operators.random_layers import random_layer
from tests.qemu_cortex_m.conftest import TEMPLATE

Case = tuple[Operator, list[np.ndarray]]
_GUARD = 0x5A
# Convolutions whose bias has no room beside the sums of two channels.
_LATE = (48, 90, 132, 174)
STAND_IN = pathlib.Path(__file__).parents[1] / "cmsis_nn/stand_in"


def _cases() -> Iterator[Case]:
    for index in (*range(48), *_LATE):
        random = np.random.default_rng(index)
        operator = random_layer(random, index, "double" if index % 5 == 4 else "single")
        yield (
            operator,
            [random.integers(-128, 128, x.shape).astype(np.int8) for x in operator.inputs],
        )


def _program(cases: list[Case]) -> str:
    headers = dict.fromkeys(header for operator, _ in cases for header in operator.headers)
    lines = ["#include <stdint.h>\n#include <stdio.h>\n#include <string.h>"]
    lines += [f'#include "{header}"' for header in headers]
    calls = []
    for i, (operator, arrays) in enumerate(cases):
        lines.append(operator.emit(f"case{i}"))
        names = []
        for j, array in enumerate(arrays):
            values = ", ".join(map(str, array.ravel()))
            lines.append(f"static const int8_t x{i}_{j}[] = {{{values}}};")
            names.append(f"x{i}_{j}")
        names += ["out", "scratch"] if operator.scratch_bytes else ["out"]
        calls += [
            f"    memset(out, {_GUARD}, sizeof out);",
            f"    memset(scratch, {_GUARD}, sizeof scratch);",
            f"    case{i}({', '.join(names)});",
            f"    show(out, {operator.output.nbytes + 16});",
            f"    show(scratch + {operator.scratch_bytes}, 16);",
        ]
    size = max(operator.output.nbytes for operator, _ in cases) + 16
    scratch = max(operator.scratch_bytes for operator, _ in cases) + 16
    return "\n".join(
        [
            *lines,
            f"static _Alignas(16) int8_t out[{size}], scratch[{scratch}];",
            "static void show(const int8_t *bytes, int32_t count) {",
            "    for (int32_t i = 0; i < count; ++i) {",
            '        printf("%02x", (unsigned)(uint8_t)bytes[i]);',
            "    }",
            '    puts("");',
            "}",
            "int main(void) {",
            *calls,
            "    return 0;\n}\n",
        ]
    )


@pytest.mark.parametrize("name", ["mps2_an385", "mps2_an386", "mps3_an547"])
def test_layers_are_the_oracle_s(name: str, tools: None, tmp_path: pathlib.Path) -> None:
    check_on(name, list(_cases()), tmp_path)


def test_calls_of_cmsis_nn_are_the_oracle_s(tools: None, tmp_path: pathlib.Path) -> None:
    given = [(cmsis_nn_form(operator, "single"), arrays) for operator, arrays in _cases()]
    cases = [case for case in given if case[0].status is not None]
    assert sum(operator.name == "cmsis_nn_dense" for operator, _ in cases) >= 8
    words = ["-DCMSIS_NN_USE_SINGLE_ROUNDING", f"-I{STAND_IN / 'Include'}"]
    check_on(
        "mps3_an547",
        cases,
        tmp_path,
        [*words, *map(str, STAND_IN.glob("Source/*/*.c"))],
    )


def check_on(
    name: str, cases: list[Case], tmp_path: pathlib.Path, words: Sequence[str] = ()
) -> None:
    """Run cases on a board; words are added to the compiler's command."""
    board = json.loads((TEMPLATE / "boards.json").read_text(encoding="utf-8"))[name]
    (tmp_path / "cases.c").write_text(_program(cases))
    sources = [tmp_path / "cases.c", TEMPLATE / "src/startup.c", TEMPLATE / "src/semihosting.c"]
    command = ["arm-none-eabi-gcc", "-mthumb", *board["cpu"].split(), "-std=c11", "-O2", "-Wall"]
    command += ["-Wextra", "-Werror", "-DMICROTVM_FLASH=const"]
    command += [f"-I{FOLDER}", *words, *map(str, sources)]
    command += ["--specs=rdimon.specs"]
    command += ["-Wl,--gc-sections", f"-L{TEMPLATE / 'src'}", f"-T{board['memory_map']}"]
    subprocess.run([*command, "-o", str(tmp_path / "cases")], check=True)
    emulator = ["qemu-system-arm", "-M", board["machine"], "-nographic", "-monitor", "none"]
    emulator += ["-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel"]
    done = subprocess.run(
        [*emulator, str(tmp_path / "cases")], stdout=subprocess.PIPE, timeout=120, check=True
    )
    rows = [bytes.fromhex(line) for line in done.stdout.decode().split()]
    assert len(rows) == 2 * len(cases)
    for index, (operator, arrays) in enumerate(cases):
        result, behind = rows[2 * index : 2 * index + 2]
        said = f"case {index}: {operator.name}"
        assert result[: operator.output.nbytes] == operator.compute(*arrays).tobytes(), said
        assert result[operator.output.nbytes :] == behind == bytes([_GUARD] * 16), said
