# SPDX-License-Identifier: Apache-2.0
"""Each form of the int8 kernels, run where it is chosen: plain C (M3), DSP (M4F) and MVE (M55)."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from microtvm.compiler.emit.kernel_headers import FOLDER
from microtvm.compiler.operators import Operator, QuantizedTensor
from microtvm.compiler.operators.conv2d import Conv2D, Window
from microtvm.compiler.operators.dense import Dense
from microtvm.compiler.operators.depthwise import Depthwise
from microtvm.compiler.operators.elementwise import Add
from microtvm.compiler.operators.requantize import Rounding
from tests.qemu_cortex_m.conftest import TEMPLATE

Case = tuple[Operator, list[np.ndarray]]
_GUARD = 0x5A


def _layer(random: np.random.Generator, index: int, rounding: Rounding) -> Operator:
    """A convolution (with an addition now and then), a depthwise one or a dense layer.

    Of three layers one has scales of both signs, and one has limits of its own, and weights that
    reach -128, so that two do not fit into a halfword.
    """
    zero, out_zero = (int(z) for z in random.choice([-128, 127, 0, 5], 2))
    weights_low = -128 if index % 3 == 1 else -127
    scale = [0.002, 0.004, 1.5][index % 3]
    limits = (-100, 90) if index % 3 == 1 else None
    channels = int(random.choice([1, 3, 4, 8, 16, 20, 33]))
    units = int(random.choice([1, 3, 4, 6, 8, 13]))
    kind = index % 4
    if kind == 3:
        source = QuantizedTensor((2, channels * 5), "int8", 0.06, zero)
        output = QuantizedTensor((2, units), "int8", 0.12, out_zero)
        shape: tuple[int, ...] = (units, channels * 5)
    else:
        kernel = (int(random.integers(1, 5)), int(random.integers(1, 4)))
        strides = (int(random.integers(1, 3)), int(random.integers(1, 3)))
        height, width = (int(n) for n in random.integers(4, 8, 2))
        source = QuantizedTensor((1, height, width, channels), "int8", 0.06, zero)
        units = channels * (1 + index // 4 % 2) if kind == 1 else units
        size = (-(-height // strides[0]), -(-width // strides[1]))
        output = QuantizedTensor((1, *size, units), "int8", 0.12, out_zero)
        shape = (*kernel, units) if kind == 1 else (units, *kernel, channels)
        window = Window(strides, (1, 1), (kernel[0] // 2, kernel[1] // 2))
    weights = random.integers(weights_low, 128, shape).astype(np.int8)
    weights.flat[0] = weights_low
    scales = random.uniform(0.3, 1.5, units) * scale
    bias = random.integers(-30000, 30000, units).astype(np.int32)
    if index % 3 == 2:  # so that not all outputs saturate
        weights, bias = (weights // 64).astype(np.int8), bias // 1000
    if index % 7 == 6:  # more than the 24 bits that the upper one of two sums has
        bias, scales = bias * 400, scales / 400
    if kind == 3:
        return Dense(source, output, weights, bias, scales, limits, rounding)
    if kind == 1:
        return Depthwise(source, output, weights, bias, scales, window, limits, rounding)
    layer = Conv2D(source, output, weights, bias, scales, window, limits, rounding)
    skip = QuantizedTensor(output.shape, "int8", 0.2, 3)
    added = layer.followed_by(Add(output, skip, QuantizedTensor(output.shape, "int8", 0.2, -7)), 0)
    return added if kind == 2 and added is not None else layer


def _cases() -> Iterator[Case]:
    for index in range(48):
        random = np.random.default_rng(index)
        operator = _layer(random, index, "double" if index % 5 == 4 else "single")
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
    board = json.loads((TEMPLATE / "boards.json").read_text(encoding="utf-8"))[name]
    cases = list(_cases())
    (tmp_path / "cases.c").write_text(_program(cases))
    sources = [tmp_path / "cases.c", TEMPLATE / "src/startup.c", TEMPLATE / "src/semihosting.c"]
    command = ["arm-none-eabi-gcc", "-mthumb", *board["cpu"].split(), "-std=c11", "-O2", "-Wall"]
    command += ["-Wextra", "-Werror", f"-I{FOLDER}", *map(str, sources), "--specs=rdimon.specs"]
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
