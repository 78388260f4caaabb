# SPDX-License-Identifier: Apache-2.0
"""Real models (MLPerf Tiny) against LiteRT's answers."""

from __future__ import annotations

import functools
import pathlib
import subprocess

import numpy as np
import pytest

from microtvm.compiler import compile

INT8 = ["ad_int8", "kws_int8", "ic_int8", "vww_int8", "sww_int8"]
FLOAT = ["ad_fp32", "ic_fp32", "vww_fp32"]

# Bytes of the arena: the figures reached, each the peak of what is alive at once, so that a change
# which loses memory shows.
ARENA_BYTES = {
    "ad_int8": 256,
    "kws_int8": 9792,
    "ic_int8": 33920,
    "vww_int8": 55360,
    "sww_int8": 5504,
    "ad_fp32": 1024,
    "ic_fp32": 196608,
    "vww_fp32": 221184,
    "kws_fp32": 64000,
}


def _answers(model, golden):
    shape = model.compiled.inputs[0].shape
    return np.stack([model(sample.reshape(shape))[0] for sample in golden["input"]]).reshape(
        golden["output"].shape
    )


@pytest.fixture(scope="session")
def built(shared_models, require_module, build):
    """``built(name)`` gives the model and its golden answers; each model is compiled once."""
    require_module("tflite", "read TensorFlow Lite models")
    require_module("tvm", "compile a model")

    @functools.cache
    def make(name):
        compiled = compile(shared_models / f"{name}.tflite")
        return build(compiled), np.load(shared_models / f"{name}.golden.npz")

    return make


@pytest.mark.parametrize("name", INT8)
def test_int8_models_answer_as_litert_does_bit_for_bit(built, name):
    model, golden = built(name)
    answers = _answers(model, golden)
    assert np.array_equal(answers, golden["output"])
    assert model.compiled.workspace_bytes <= ARENA_BYTES[name]


# Arena with inputs and outputs in it: at most 0.7 of what TensorFlow Lite Micro takes.
SHARED_BYTES = {
    "ad_int8": 1806,
    "kws_int8": 15974,
    "ic_int8": 38497,
    "vww_int8": 70495,
    "sww_int8": 11617,
}


@pytest.mark.parametrize("name", [*INT8, "ad_fp32"])
def test_inputs_and_outputs_in_the_arena_change_no_answer(built, require, tmp_path, name):
    model, golden = built(name)
    library = tmp_path / "shared.so"
    command = [require("gcc", "build a compiled model"), "-O1", "-ffp-contract=off", "-Wall"]
    command += ["-Wextra", "-Werror", "-DMICROTVM_IO_IN_ARENA", f"-I{model.host / 'include'}"]
    command += ["-fPIC", "-shared", str(model.source), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    shape = model.compiled.inputs[0].shape
    for sample in golden["input"]:
        x = sample.reshape(shape)
        np.testing.assert_array_equal(model.in_arena(library, x)[0], model(x)[0])
    assert model.compiled.workspace_with_io_bytes <= SHARED_BYTES.get(name, 4096)


@pytest.mark.parametrize("name", ["kws_int8", "ic_int8"])
def test_two_roundings_answer_as_the_reference_kernels_do(
    name, shared_models, require_module, build
):
    require_module("tflite", "read TensorFlow Lite models")
    require_module("tvm", "compile a model")
    model = build(compile(shared_models / f"{name}.tflite", rounding="double"))
    golden = np.load(shared_models / f"{name}.golden.npz")
    assert np.array_equal(_answers(model, golden), golden["output_ref"])


@pytest.mark.parametrize("name", FLOAT)
def test_float_models_agree_with_litert(built, name):
    model, golden = built(name)
    assert np.abs(_answers(model, golden) - golden["output"]).max() <= 1e-4
    assert model.compiled.workspace_bytes <= ARENA_BYTES[name]


def test_dynamic_range_model_agrees_within_its_quantization(built):
    # LiteRT quantizes activations to int8 on the fly, each tensor by its own range; after nine
    # layers and a softmax that moves probabilities by less than a percent.
    model, golden = built("kws_fp32")
    answers = _answers(model, golden)
    assert np.abs(answers - golden["output"]).max() <= 1e-2
    assert np.array_equal(answers.argmax(-1), golden["output"].argmax(-1))
    assert model.compiled.workspace_bytes <= ARENA_BYTES["kws_fp32"]


def test_names_shapes_and_types_come_from_the_file(built):
    model, _ = built("sww_int8")
    (given,), (answer,) = model.compiled.inputs, model.compiled.outputs
    assert (given.name, given.shape, given.dtype) == (
        "serving_default_input_1:0",
        (1, 30, 1, 40),
        "int8",
    )
    assert (answer.name, answer.shape) == ("StatefulPartitionedCall:0", (1, 3))
    assert "void *serving_default_input_1_0;" in (
        model.host / "include" / "tvmgen_default.h"
    ).read_text(encoding="ascii")


@pytest.mark.parametrize("name", ["sww_int8", "ic_int8", "ad_fp32"])
def test_clean_under_sanitizers(built, require, tmp_path, name):
    clang = require("clang", "run a model under sanitizers")
    model, golden = built(name)
    sample = golden["input"][0]
    (tmp_path / "input.bin").write_bytes(sample.tobytes())
    nbytes = model.compiled.outputs[0].nbytes
    main = tmp_path / "main.c"
    main.write_text(
        f"""
#include <stdio.h>
#include <stdlib.h>
#include "tvmgen_default.h"
int main(int argc, char **argv) {{
    void *in = malloc({sample.nbytes});
    void *out = malloc({nbytes});
    FILE *file = fopen(argv[argc - 1], "rb");
    if (fread(in, 1, {sample.nbytes}, file) != {sample.nbytes}) return 1;
    fclose(file);
    struct tvmgen_default_inputs inputs = {{in}};
    struct tvmgen_default_outputs outputs = {{out}};
    if (tvmgen_default_run(&inputs, &outputs) != 0) return 1;
    fwrite(out, 1, {nbytes}, stdout);
    free(in);
    free(out);
    return 0;
}}
""",
        encoding="ascii",
    )
    program = tmp_path / "program"
    subprocess.run(
        [clang, "-O1", "-g", "-ffp-contract=off", "-fsanitize=address,undefined"]
        + ["-fno-sanitize-recover=all", f"-I{model.host / 'include'}", str(model.source)]
        + [str(main), "-o", str(program), "-lm"],
        check=True,
    )
    done = subprocess.run(
        [program, tmp_path / "input.bin"], check=True, capture_output=True, timeout=120
    )
    expected = model(sample.reshape(model.compiled.inputs[0].shape))[0]
    assert done.stdout == expected.tobytes()


@pytest.mark.parametrize("name", ["kws_int8", "vww_fp32"])
def test_compiles_for_a_microcontroller(built, require, tmp_path: pathlib.Path, name):
    gcc = require("arm-none-eabi-gcc", "compile a model for Cortex-M3")
    model, _ = built(name)
    target = tmp_path / "model.o"
    subprocess.run(
        [gcc, "-std=c11", "-Os", "-mcpu=cortex-m3", "-mthumb", "-Wall", "-Wextra", "-Werror"]
        + ["-c", f"-I{model.host / 'include'}", str(model.source), "-o", str(target)],
        check=True,
    )
    sections = subprocess.run(
        ["arm-none-eabi-size", "-A", str(target)], check=True, capture_output=True, text=True
    ).stdout
    sizes = {line.split()[0]: int(line.split()[1]) for line in sections.splitlines()[2:] if line}
    # Weights in flash, activations in one static arena, nothing else in RAM.
    # (What flash a constant takes is that of its largest form; this core may have a smaller one.)
    assert sizes[".rodata"] >= 0.99 * model.compiled.constant_bytes
    assert sizes[".bss"] == model.compiled.workspace_bytes
    assert sizes[".data"] == 0


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_answers_do_not_depend_on_the_compiler(built, require, tmp_path, compiler):
    """The arena holds floats and integers by turns; an optimizer that minded would show here."""
    model, golden = built("ic_int8")
    library = tmp_path / "model.so"
    subprocess.run(
        [require(compiler, "compile a model"), "-std=c11", "-O3", "-ffp-contract=off", "-Wall"]
        + ["-Wextra", "-Werror", "-fPIC", "-shared", f"-I{model.host / 'include'}"]
        + [str(model.source), "-o", str(library), "-lm"],
        check=True,
    )
    assert np.array_equal(_answers(model.reloaded(library), golden), _answers(model, golden))
