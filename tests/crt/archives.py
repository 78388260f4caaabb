# SPDX-License-Identifier: Apache-2.0
"""Archives in the forms that releases of TVM gave them, small enough to write by hand.

They follow src/target/source/{codegen_c_host,source_module,interface_c}.cc and
python/tvm/micro/model_library_format.py of those releases; the code in them is our own.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from tests.templates.tiny_model import write_tar

PACKED = (
    "int32_t {name}(TVMValue* args, int* types, int count, TVMValue* result, int* result_type,"
    " void* resource)"
)


def system_lib(functions: list[str], count_bytes: int) -> str:
    """The table of functions. TVM 0.8 counts them in one byte, later releases in two."""
    count = "".join(f"\\{byte:03o}" for byte in len(functions).to_bytes(count_bytes, "little"))
    names = "".join(f"{name}\\000" for name in functions)
    return "\n".join(
        [
            "#include <tvm/runtime/crt/module.h>",
            *(f"{PACKED.format(name=name)};" for name in functions),
            "static TVMBackendPackedCFunc functions[] = {",
            *(f"    (TVMBackendPackedCFunc){name}," for name in functions),
            "};",
            f'static const TVMFuncRegistry registry = {{"{count}{names}", functions}};',
            "static const TVMModule module = {&registry};",
            "const TVMModule* TVMSystemLibEntryPoint(void) { return &module; }",
        ]
    )


SCALE = f"""
#include <tvm/runtime/c_runtime_api.h>
#include <tvm/runtime/c_backend_api.h>
{PACKED.format(name="scale")} {{
  float* x = (float*)((DLTensor*)args[0].v_handle)->data;
  float* y = (float*)((DLTensor*)args[1].v_handle)->data;
  float* workspace = (float*)TVMBackendAllocWorkspace(1, 0, 16, 2, 32);
  if (workspace == NULL) return -1;
  for (int i = 0; i < 4; ++i) workspace[i] = 2.0f * x[i];
  for (int i = 0; i < 4; ++i) y[i] = workspace[i] + 1.0f;
  return TVMBackendFreeWorkspace(1, 0, workspace);
}}
"""


def operator(path: pathlib.Path, version: tuple[int, int]) -> pathlib.Path:
    """``y = 2 x + 1`` over four floats, as AutoTVM exports operators."""
    is_first = version == (0, 8)
    tensor = {"size_bytes": 16, "shape": [4], "dtype": "float32", "input_binding": "x"}
    metadata = {
        "version": 5 if is_first else 7,
        "model_name": "scale",
        "export_datetime": "2022-01-01 00:00:00Z",
        "memory": {"scale": [tensor, {**tensor, "input_binding": "y"}]},
        "target": {"1": "c"} if is_first else ["c"],
        "executors": [],
        "style": "operator",
    }
    return _write(
        path,
        metadata,
        {
            "codegen/host/src/lib0.c": system_lib(["scale"], 1 if is_first else 2),
            "codegen/host/src/lib1.c": SCALE,
            "src/tir-1.txt": "",
        },
    )


LINKED = f"""
#include <tvm/runtime/c_runtime_api.h>
static const float weights[4] = {{1.0f, 2.0f, 3.0f, 4.0f}};
{PACKED.format(name="_lookup_linked_param")} {{
  result[0].v_handle = args[0].v_int64 == 1 ? (void*)weights : NULL;
  result_type[0] = args[0].v_int64 == 1 ? kTVMOpaqueHandle : kTVMNullptr;
  return 0;
}}
{PACKED.format(name="tvmgen_default_multiply")} {{
  float* x = (float*)((DLTensor*)args[0].v_handle)->data;
  float* p = (float*)((DLTensor*)args[1].v_handle)->data;
  float* y = (float*)((DLTensor*)args[2].v_handle)->data;
  for (int i = 0; i < 4; ++i) y[i] = x[i] * p[i];
  return 0;
}}
"""


def linked_graph(path: pathlib.Path, version: tuple[int, int]) -> pathlib.Path:
    """``x * p`` for the graph executor, where the code tells where ``p`` lies (TVM 0.8)."""
    functions = ["_lookup_linked_param", "tvmgen_default_multiply"]
    graph = {
        "nodes": [
            {"op": "null", "name": "x", "inputs": []},
            {"op": "null", "name": "p", "inputs": []},
            {
                "op": "tvm_op",
                "name": "multiply",
                "attrs": {
                    "num_outputs": "1",
                    "num_inputs": "2",
                    "flatten_data": "0",
                    "func_name": "tvmgen_default_multiply",
                },
                "inputs": [[0, 0, 0], [1, 0, 0]],
            },
        ],
        "arg_nodes": [0, 1],
        "heads": [[2, 0, 0]],
        "node_row_ptr": [0, 1, 2, 3],
        "attrs": {
            "shape": ["list_shape", [[4], [4], [4]]],
            "dltype": ["list_str", ["float32", "float32", "float32"]],
            "storage_id": ["list_int", [0, 1, 2]],
        },
    }
    is_first = version == (0, 8)
    main = {"device": 1, "workspace_size_bytes": 0, "constants_size_bytes": 16, "io_size_bytes": 32}
    module = {
        "model_name": "default",
        "memory": {"functions": {"main": [main], "operator_functions": []}},
        "target": {"1": "c"} if is_first else ["c"],
        "executors": ["graph"],
        "style": "full-model",
    }
    name = "graph.json" if is_first else "default.graph"
    return _write(
        path,
        {"version": 5, **module} if is_first else {"version": 7, "modules": {"default": module}},
        {
            "codegen/host/src/default_lib0.c": system_lib(functions, 1 if is_first else 2),
            "codegen/host/src/default_lib1.c": LINKED,
            f"executor-config/graph/{name}": json.dumps(graph),
        },
    )


HEADER = """
#ifndef TVMGEN_DEFAULT_H_
#define TVMGEN_DEFAULT_H_
#include <stdint.h>
struct tvmgen_default_inputs {
  void* z_first;
  void* a_second;
};
struct tvmgen_default_outputs {
  void* output0;
  void* output1;
};
%s
int32_t tvmgen_default_run(
  struct tvmgen_default_inputs* inputs,
  struct tvmgen_default_outputs* outputs%s
);
#define TVMGEN_DEFAULT_WORKSPACE_SIZE 16
%s
#endif
"""

C_MODEL = """
#include "tvm/runtime/c_runtime_api.h"
#include "tvm/runtime/c_backend_api.h"
#include <tvmgen_default.h>
int32_t tvmgen_default_run(struct tvmgen_default_inputs* inputs,
                           struct tvmgen_default_outputs* outputs%s) {
  const float* z = (const float*)inputs->z_first;
  const int8_t* a = (const int8_t*)inputs->a_second;
  float* workspace = %s;
  if (workspace == NULL) return -1;
  for (int i = 0; i < 4; ++i) workspace[i] = 2.0f * z[i];
  for (int i = 0; i < 4; ++i) ((float*)outputs->output0)[i] = workspace[i] + 1.0f;
  for (int i = 0; i < 2; ++i) ((int16_t*)outputs->output1)[i] = (int16_t)(10 * a[i]);
  %s
}
"""

POOLS = "struct tvmgen_default_workspace_pools {\n  void* sram;\n};\n"
DEVICES = "struct tvmgen_default_devices {\n  void* accelerator;\n};\n"


def c_interface(
    path: pathlib.Path, version: tuple[int, int], pools: bool = False, results: str = ""
) -> pathlib.Path:
    """Two inputs and two outputs through the C interface, with the names out of order.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    version : tuple of int
        TVM 0.11 and later list inputs and outputs in the metadata, sorted by name.
    pools : bool
        Whether the caller supplies the workspace (TVM 0.9 and later), and a device.
    results : str
        What the model's source says ``main`` returns, if it says so.
    """
    declared, parameters = "", ""
    macro, workspace = "", "(float*)TVMBackendAllocWorkspace(1, 0, 16, 2, 32)"
    end = "return TVMBackendFreeWorkspace(1, 0, workspace);"
    if pools:
        declared = POOLS + DEVICES
        parameters = (
            ",\n  struct tvmgen_default_workspace_pools* workspace_pools"
            ",\n  struct tvmgen_default_devices* devices"
        )
        macro = "#define TVMGEN_DEFAULT_SRAM_WORKSPACE_POOL_SIZE 16"
        workspace = "(float*)workspace_pools->sram"
        end = "return devices->accelerator == NULL ? 0 : -1;"
    main: dict[str, Any] = {
        "device": 1,
        "workspace_size_bytes": 16,
        "constants_size_bytes": 0,
        "io_size_bytes": 38,
    }
    if version >= (0, 11):
        main["inputs"] = {
            "a:second": {"dtype": "int8", "size": 2},
            "z:first": {"dtype": "float32", "size": 16},
        }
        main["outputs"] = {
            "output0": {"dtype": "float32", "size": 16},
            "output1": {"dtype": "int16", "size": 4},
        }
    is_first = version == (0, 8)
    module = {
        "model_name": "default",
        "memory": {"functions": {"main": [main], "operator_functions": []}},
        "target": {"1": "c"} if is_first else ["c"],
        "executors": ["aot"],
        "style": "full-model",
    }
    source = (
        "def @main(%z:first: Tensor[(1, 4), float32] /* span=z:first */, "
        f"%a:second: Tensor[(2), int8]){results} {{\n  0\n}}\n"
    )
    return _write(
        path,
        {"version": 5, **module} if is_first else {"version": 7, "modules": {"default": module}},
        {
            "codegen/host/include/tvmgen_default.h": HEADER % (declared, parameters, macro),
            "codegen/host/src/default_lib0.c": C_MODEL % (parameters, workspace, end),
            "src/relay.txt" if is_first else "src/default.relay": source,
        },
    )


def _write(path: pathlib.Path, metadata: dict[str, Any], files: dict[str, str]) -> pathlib.Path:
    texts = {"metadata.json": json.dumps(metadata, sort_keys=True), **files}
    return write_tar(path, {f"./{name}": text.encode() for name, text in texts.items()})
