# SPDX-License-Identifier: Apache-2.0
"""A model as TVM 0.18 compiles one for CMSIS-NN, small enough to write by hand, and its answers.

A fully connected layer, and the softmax of its outputs. The form is that of
src/relay/backend/contrib/cmsisnn/tir_to_runtime.cc and model_library_format.py of TVM 0.18; the
code is our own. As TVM's own code sometimes does, ``main`` calls what it does not declare.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np

import microtvm
from tests.templates.tiny_model import write_tar

INPUTS, OUTPUTS = 16, 10
INPUT_OFFSET, OUTPUT_OFFSET = 3, -5
MULTIPLIER, SHIFT = 1_518_500_250, -7
# In fixed point, of a softmax whose input has the scale 1/8: 2^26 / 8 = 2^30 * 2^(22 - 31 + 2).
SOFTMAX_MULTIPLIER, SOFTMAX_SHIFT, SOFTMAX_LEAST = 1 << 30, 24, -248
SOFTMAX_SCALE = 1 / 8

_RANDOM = np.random.default_rng(5)
WEIGHTS = _RANDOM.integers(-127, 128, (OUTPUTS, INPUTS))
BIASES = _RANDOM.integers(-3000, 3000, OUTPUTS)
SAMPLES = np.random.default_rng(1).integers(-128, 128, (20, 1, INPUTS), np.int8)

_HEADER = """
#include <stdint.h>
struct tvmgen_default_inputs { void* x; };
struct tvmgen_default_outputs { void* dense; void* softmax; };
int32_t tvmgen_default_run(
  struct tvmgen_default_inputs* inputs,
  struct tvmgen_default_outputs* outputs
);
"""

_MAIN = """
// tvm target: c -keys=cpu
#include "tvm/runtime/c_runtime_api.h"
#include <tvmgen_default.h>
int32_t tvmgen_default_run(struct tvmgen_default_inputs* inputs,
                           struct tvmgen_default_outputs* outputs) {
  if (tvmgen_default_cmsis_nn_main_0(inputs->x, outputs->dense) != 0) return -1;
  return tvmgen_default_cmsis_nn_main_1(outputs->dense, outputs->softmax);
}
"""

KERNELS = f"""
// tvm target: cmsis-nn
#include "tvm/runtime/c_runtime_api.h"
#include <stdlib.h>
#include <arm_nnfunctions.h>
#include <arm_nn_types.h>
#include <arm_nn_math_types.h>
static const int8_t weights[] = {{{", ".join(map(str, WEIGHTS.flatten()))}}};
static const int32_t biases[] = {{{", ".join(map(str, BIASES))}}};
int32_t tvmgen_default_cmsis_nn_main_0(int8_t* input, int8_t* output) {{
  cmsis_nn_context context = {{NULL, 0}};
  cmsis_nn_activation activation = {{-128, 127}};
  cmsis_nn_fc_params parameters = {{{INPUT_OFFSET}, 0, {OUTPUT_OFFSET}, activation}};
  cmsis_nn_per_tensor_quant_params quantization = {{{MULTIPLIER}, {SHIFT}}};
  cmsis_nn_dims input_dims = {{1, 1, 1, {INPUTS}}};
  cmsis_nn_dims filter_dims = {{{INPUTS}, 1, 1, {OUTPUTS}}};
  cmsis_nn_dims output_dims = {{1, 1, 1, {OUTPUTS}}};
  return arm_fully_connected_s8(&context, &parameters, &quantization, &input_dims, input,
                                &filter_dims, weights, &output_dims, biases, &output_dims, output);
}}
int32_t tvmgen_default_cmsis_nn_main_1(int8_t* input, int8_t* output) {{
  arm_softmax_s8(input, 1, {OUTPUTS}, {SOFTMAX_MULTIPLIER}, {SOFTMAX_SHIFT}, {SOFTMAX_LEAST},
                 output);
  return 0;
}}
"""


def write(path: pathlib.Path, kernels: str = KERNELS) -> pathlib.Path:
    """The archive."""
    main = {
        "device": 1,
        "workspace_size_bytes": 0,
        "constants_size_bytes": 0,
        "io_size_bytes": INPUTS + 2 * OUTPUTS,
        "inputs": {"x": {"dtype": "int8", "size": INPUTS}},
        "outputs": {name: {"dtype": "int8", "size": OUTPUTS} for name in ("dense", "softmax")},
    }
    module = {
        "model_name": "default",
        "memory": {"functions": {"main": [main], "operator_functions": []}},
        "target": ["c", "cmsis-nn"],
        "executors": ["aot"],
        "style": "full-model",
    }
    result = f"(Tensor[(1, {OUTPUTS}), int8], Tensor[(1, {OUTPUTS}), int8])"
    relay = f"def @main(%x: Tensor[(1, {INPUTS}), int8]) -> {result} {{\n  0\n}}\n"
    files = {
        "metadata.json": json.dumps({"version": 7, "modules": {"default": module}}),
        "codegen/host/include/tvmgen_default.h": _HEADER,
        "codegen/host/src/default_lib0.c": _MAIN,
        "codegen/host/src/default_lib1.c": kernels,
        "src/default.relay": relay,
    }
    return write_tar(path, {f"./{name}": text.encode() for name, text in files.items()})


def dense(x: np.ndarray) -> np.ndarray:
    """What the layer answers, integer for integer: products, rounded to a scale, clamped."""
    sums = (x.astype(np.int64) + INPUT_OFFSET) @ WEIGHTS.T + BIASES
    high = (sums * MULTIPLIER + (1 << 30)) >> 31
    # Half of what is shifted out rounds away from zero.
    divisor = 1 << -SHIFT
    rounded = np.sign(high) * ((np.abs(high) + divisor // 2) // divisor)
    return np.clip(rounded + OUTPUT_OFFSET, -128, 127).astype(np.int8)


def softmax(x: np.ndarray) -> np.ndarray:
    """What the softmax answers, give or take one: quantized with the scale 1/256 and zero -128."""
    powers = np.exp((x.astype(np.float64) - x.max(axis=-1, keepdims=True)) * SOFTMAX_SCALE)
    return np.clip(np.round(256 * powers / powers.sum(axis=-1, keepdims=True)) - 128, -128, 127)


def check_answers(project: Any) -> None:
    """Ask a project that is built, and flashed, for what it answers to each sample."""
    with microtvm.Session(project.transport()) as session:
        executor = microtvm.create_local_aot_executor(session)
        for sample in SAMPLES:
            executor.set_input(0, sample)
            executor.run()
            answer = executor.get_output(0).numpy()
            np.testing.assert_array_equal(answer, dense(sample))
            assert np.abs(executor.get_output(1).numpy() - softmax(answer)).max() <= 1
