# SPDX-License-Identifier: Apache-2.0
"""A kernel's stores are not lost by a compiler that sees which array its tensors lie in."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

from microtvm.compiler.emit.apart import DEFINITION, compiled_apart

# The smallest form of what gcc 12.2 lost: bytes and words of one array under the same index, beside
# a sum that it vectorizes.
KERNEL = """\
static void sums(const float *restrict x, const float *restrict w, const int8_t *restrict z,
                 int32_t *restrict y) {
    for (int32_t i = 0; i < 4; ++i) {
        for (int32_t j = 0; j < 40; ++j) {
            float sum = 0;
            const int32_t at = i * 40 + j;
            const float added = (float)z[at] + 3;
            for (int32_t k = 0; k < 120; ++k) {
                sum = sum + x[i * 120 + k] * w[k * 40 + j];
            }
            y[at] = (int32_t)(added + sum);
        }
    }
}
"""
PROGRAM = """\
#include <stdint.h>
#include <stdio.h>
{definition}
static _Alignas(16) uint8_t arena[8192];
static float w[4800];
{kernel}
int32_t run(void) {{
    sums((void *)&arena[1920], w, (void *)&arena[4000], (void *)&arena[0]);
    return 0;
}}
int main(void) {{
    run();
    const int32_t *y = (const void *)arena;
    for (int32_t i = 0; i < 160; ++i) {{
        printf("%d ", (int)y[i]);
    }}
    return 0;
}}
"""


@pytest.mark.parametrize("level", ["-O2", "-O3", "-Os"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_smallest_form(require, tmp_path: pathlib.Path, compiler: str, level: str) -> None:
    source = tmp_path / "program.c"
    kernel = compiled_apart(KERNEL, "sums")
    source.write_text(PROGRAM.format(definition=DEFINITION, kernel=kernel))
    command = [require(compiler, "build generated code"), "-std=c11", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, level, source, "-o", tmp_path / "program"], check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3"] * 160


def test_each_kernel_of_a_model_is_compiled_so(require_module, tmp_path: pathlib.Path) -> None:
    np = require_module("numpy", "make a model")
    onnx = require_module("onnx", "make a model")
    require_module("tvm", "compile a model")
    import microtvm

    value = onnx.helper.make_tensor_value_info
    weights = onnx.numpy_helper.from_array(np.ones((4, 2), np.float32), "w")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [value("x", onnx.TensorProto.FLOAT, [3, 4])],
        [value("y", onnx.TensorProto.FLOAT, [3, 2])],
        [weights],
    )
    onnx.save(onnx.helper.make_model(graph), tmp_path / "model.onnx")
    compiled = microtvm.compile(tmp_path / "model.onnx", check=False)
    text = compiled.files["codegen/host/src/default_lib0.c"].decode()
    called = set(re.findall(r"^    (tvmgen_default_\w+)\(", text, re.MULTILINE))
    assert called == {kernel.name for kernel in compiled.kernels}
    for name in called:
        assert f"MICROTVM_KERNEL void {name}(" in text
