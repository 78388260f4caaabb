# SPDX-License-Identifier: Apache-2.0
"""A whole Model Library Format archive without TVM: y = 2 x + 1 over four floats."""

from __future__ import annotations

import io
import json
import pathlib
import tarfile
from typing import Any

_HEADER = """\
#ifndef TVMGEN_DEFAULT_H_
#define TVMGEN_DEFAULT_H_
#include <stdint.h>
struct tvmgen_default_inputs { void* x; };
struct tvmgen_default_outputs { void* y; };
int32_t tvmgen_default_run(struct tvmgen_default_inputs*, struct tvmgen_default_outputs*);
#endif
"""

_KERNEL = """\
#include "tvmgen_default.h"
static const float weights[4] = {2.0f, 2.0f, 2.0f, 2.0f};
static float workspace[4];
int32_t tvmgen_default_run(struct tvmgen_default_inputs* inputs,
                           struct tvmgen_default_outputs* outputs) {
    const float* x = (const float*)inputs->x;
    for (int i = 0; i < 4; ++i) workspace[i] = x[i] * weights[i];
    for (int i = 0; i < 4; ++i) ((float*)outputs->y)[i] = workspace[i] + 1.0f;
    return 0;
}
"""

_DESCRIPTOR = """\
#include "device_kit/model.h"
#include "tvmgen_default.h"
static const int64_t shape[1] = {4};
static const dk_tensor_info inputs[1] = {{"x", shape, 1, {2, 32, 1}, 16}};
static const dk_tensor_info outputs[1] = {{"y", shape, 1, {2, 32, 1}, 16}};
static int32_t run(void* const* in, void* const* out) {
    struct tvmgen_default_inputs i = {in[0]};
    struct tvmgen_default_outputs o = {out[0]};
    return tvmgen_default_run(&i, &o);
}
const dk_model dk_system_model = {
    .name = "default",
    .inputs = inputs,
    .num_inputs = 1,
    .outputs = outputs,
    .num_outputs = 1,
    .run = run,
    .workspace_bytes = 16,
    .constant_bytes = 16,
};
"""


def metadata() -> dict[str, Any]:
    """Give what ``metadata.json`` says; layout: docs/architecture.md."""
    tensor = {"dtype": "float32", "size": 16, "shape": [4]}
    main = {
        "device": 1,
        "constants_size_bytes": 16,
        "workspace_size_bytes": 16,
        "io_size_bytes": 32,
        "inputs": {"x": tensor},
        "outputs": {"y": tensor},
    }
    module = {
        "abi": "device_kit.1",
        "executors": ["aot"],
        "export_datetime": "2026-01-01 00:00:00Z",
        "external_dependencies": [],
        "memory": {"functions": {"main": [main], "operator_functions": []}},
        "model_name": "default",
        "style": "full-model",
        "target": ["c"],
    }
    return {"version": 7, "modules": {"default": module}}


def files() -> dict[str, bytes]:
    """Give the archive's files by path."""
    texts = {
        "metadata.json": json.dumps(metadata(), indent=2),
        "codegen/host/include/tvmgen_default.h": _HEADER,
        "codegen/host/src/default_lib0.c": _KERNEL,
        "codegen/host/src/default_lib1.c": _DESCRIPTOR,
        "parameters/default.params": "",
        "src/default.relax": "# y = 2 x + 1\n",
    }
    return {f"./{name}": text.encode() for name, text in texts.items()}


def write(path: pathlib.Path) -> pathlib.Path:
    """Write the archive; give its path."""
    with tarfile.open(path, "w") as tar:
        for name, data in files().items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path
