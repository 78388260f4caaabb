# SPDX-License-Identifier: Apache-2.0
"""A Model Library Format archive without TVM: y = 2 x + 1 over four floats."""

from __future__ import annotations

import io
import json
import pathlib
import tarfile
from typing import Any

HEADER = """
#ifndef TVMGEN_DEFAULT_H_
#define TVMGEN_DEFAULT_H_
#include <stdint.h>
struct tvmgen_default_inputs { void* x; };
struct tvmgen_default_outputs { void* y; };
int32_t tvmgen_default_run(struct tvmgen_default_inputs*, struct tvmgen_default_outputs*);
#endif
"""

KERNEL = """
#include "tvmgen_default.h"
#include <string.h>
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

DESCRIPTOR = """
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
const dk_model dk_system_model = {"default", inputs, 1, outputs, 1, run, 16, 16};
"""


def metadata(**module_changes: Any) -> dict[str, Any]:
    """The archive's metadata; keys of the module can be replaced, or removed with None."""
    tensor = {"dtype": "float32", "size": 16, "shape": [4]}
    module = {
        "abi": "device_kit.1",
        "executors": ["aot"],
        "export_datetime": "2026-01-01 00:00:00Z",
        "memory": {
            "functions": {
                "main": [
                    {
                        "device": 1,
                        "constants_size_bytes": 16,
                        "workspace_size_bytes": 16,
                        "io_size_bytes": 32,
                        "inputs": {"x": tensor},
                        "outputs": {"y": tensor},
                    }
                ],
                "operator_functions": [],
            }
        },
        "model_name": "default",
        "style": "full-model",
        "target": ["c"],
        **module_changes,
    }
    return {
        "version": 7,
        "modules": {"default": {key: value for key, value in module.items() if value is not None}},
    }


def members(**module_changes: Any) -> dict[str, bytes]:
    """The archive's files."""
    texts = {
        "metadata.json": json.dumps(metadata(**module_changes)),
        "codegen/host/include/tvmgen_default.h": HEADER,
        "codegen/host/src/default_lib0.c": KERNEL,
        "codegen/host/src/default_lib1.c": DESCRIPTOR,
        "parameters/default.params": "",
        "src/default.relax": "# y = 2 x + 1\n",
    }
    return {f"./{name}": text.encode() for name, text in texts.items()}


def write_tar(path: pathlib.Path, files: dict[str, bytes], mode: str = "w") -> pathlib.Path:
    """A tar archive of plain files."""
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def write_archive(path: pathlib.Path, **module_changes: Any) -> pathlib.Path:
    """The whole archive."""
    return write_tar(path, members(**module_changes))
