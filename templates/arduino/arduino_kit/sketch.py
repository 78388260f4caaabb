# SPDX-License-Identifier: Apache-2.0
"""The files of the sketch and of the library beside it, as Arduino wants them laid out.

``firmware/firmware.ino`` is the sketch: its folder's name is ours, so the project may be called and
moved as anyone likes. ``libraries/microtvm/`` holds the model and its runtime; the layout of a
library is what puts its ``src/`` on the path of includes.
"""

from __future__ import annotations

import json

from server_kit import ProjectError

from . import cmsis_library, tvm_library

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Any, Mapping

SKETCH = "firmware"
LIBRARIES = tvm_library.LIBRARY.partition("/")[0]
_LIBRARY = tvm_library.LIBRARY
_CODE = ("codegen/host/src/", "codegen/host/include/")
_MAX_CODE_BYTES = 256 << 20

_PROPERTIES = """\
name=microtvm
version=1.0.0
author=microtvm
maintainer=microtvm
sentence=A compiled model and the runtime that serves it.
paragraph=Written by microtvm when the project was generated.
category=Data Processing
url=https://tvm.apache.org
architectures=*
"""

_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* All that a sketch needs of the model and of device_kit. */
#ifndef MICROTVM_H_
#define MICROTVM_H_

#include "device_kit/device_kit.h"
#include %(model_header)s
#include "platform.h"

#endif
"""

_DEFINITIONS = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* The option compile_definitions, for who compiles the sketch without microtvm build. */
#ifndef DEFINITIONS_H_
#define DEFINITIONS_H_

%s#endif
"""

_DEFINITION = """\
#ifndef %(name)s
#define %(name)s %(value)s
#endif

"""

_SIZES = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Written when the project was generated. */
#define BAUDRATE %(baudrate)s
#define PACKET_BYTES %(packet_bytes)s
#define POOL_BYTES %(pool_bytes)s
"""

# Of all TVM's runtime allocates from; it is TVM's archives that have one.
_TVM_SIZE = "#define TVM_MEMORY_BYTES %(tvm_workspace_bytes)s\n"

_EXAMPLE = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the model again and again and prints its answers. Put your samples into the inputs. */
#include <microtvm.h>

#include "sizes.h"
#include "tvm_memory.h"

%(tensors)s

void setup() {
    Serial.begin(BAUDRATE);
    if (tvm_memory_init() != 0) {
        platform.fatal(NULL, DK_ERROR_CONFIG);
    }
}

void loop() {
    void *inputs[] = {%(inputs)s};
    void *outputs[] = {%(outputs)s};
    int32_t result = dk_system_model.run(inputs, outputs);
    if (result != 0) {
        Serial.println(F("the model failed"));
    }
%(prints)s
    delay(1000);
}
"""

_PRINT = """\
    Serial.print(F("%(name)s:"));
    for (size_t i = 0; i < sizeof %(name)s / sizeof %(name)s[0]; i++) {
        Serial.print(' ');
        Serial.print(%(name)s[i]%(digits)s);
    }
    Serial.println();
"""

_C_TYPES = {
    "float32": "float",
    **{f"{sign}int{n}": f"{sign}int{n}_t" for sign in ("", "u") for n in (8, 16, 32)},
}


def texts(
    template: pathlib.Path, generation: Any, archive: pathlib.Path, facts: Mapping[str, Any]
) -> dict[str, str]:
    """The text of every file by its name in the project."""
    from server_kit.archives.archive import ModelArchive

    files = {
        f"{_LIBRARY}/library.properties": _PROPERTIES,
        f"{_LIBRARY}/src/microtvm.h": _HEADER % {"model_header": _model_header(facts)},
        f"{SKETCH}/sizes.h": _SIZES % facts,
        f"{SKETCH}/tvm_memory.h": _read(template / "src" / "tvm_memory.h"),
    }
    if generation.runtime.is_tvm_crt:
        files[f"{SKETCH}/sizes.h"] += _TVM_SIZE % facts
        files.update(tvm_library.adapter(template, facts["is_served_by_tvm"]))
    defined = [one.partition("=") for one in facts["compile_definitions"]]
    files[f"{_LIBRARY}/src/definitions.h"] = _DEFINITIONS % "".join(
        _DEFINITION % {"name": name, "value": value if equals else 1}
        for name, equals, value in defined
    )
    for name in ("platform.h", "platform.cpp"):
        files[f"{_LIBRARY}/src/{name}"] = _read(template / "src" / name)
    kit = template / "device_kit"
    for path in (kit / "include" / "device_kit").glob("*.h"):
        files[f"{_LIBRARY}/src/device_kit/{path.name}"] = _read(path)
    for path in (kit / "src").glob("*.[ch]"):
        files[f"{_LIBRARY}/src/runtime/{path.name}"] = _read(path)
    with ModelArchive(archive, is_runtime_needed=False) as model:
        for name in sorted(model.files):
            if name.startswith(_CODE):
                text = model.read(name, _MAX_CODE_BYTES).decode("utf-8")
                # TVM's code looks for its header where its sources may not be.
                is_path = generation.runtime.is_tvm_crt and name.endswith(".h")
                folder = "src" if is_path else "src/model"
                files[f"{_LIBRARY}/{folder}/{name.rpartition('/')[2]}"] = text
    if facts["project_type"] == "example_project":
        files[f"{SKETCH}/{SKETCH}.ino"] = _example(generation.module)
    else:
        program = f"{facts['program'][len('main_') :]}.ino"
        files[f"{SKETCH}/{SKETCH}.ino"] = _read(template / "src" / program)
    if facts["project_type"] == "mlperftiny":
        folder = f"{_LIBRARY}/src/mlperf"
        files[f"{folder}/mlperf_board.cpp"] = _read(template / "src" / "mlperf_board.cpp")
        for path in (kit / "mlperf").glob("*.[ch]"):
            if not (facts["is_energy_mode"] and path.name == "mlperf_performance.c"):
                files[f"{folder}/{path.name}"] = _read(path)
    return files


def arrange(project: pathlib.Path, facts: Mapping[str, Any]) -> None:
    """Put what is copied into every project where a sketchbook has it."""
    cmsis_library.arrange(project, project / _LIBRARY / "src" / "model")
    if facts["runtime"] == "tvm_crt":
        tvm_library.arrange(project, facts["is_served_by_tvm"])


def _example(module: Any) -> str:
    tensors, prints = [], []
    for kind, named in (("input", module.inputs), ("output", module.outputs)):
        for index, (name, tensor) in enumerate(named.items()):
            c_type = _C_TYPES.get(tensor.dtype)
            if c_type is None:
                raise ProjectError(
                    f"{kind} {name} is {tensor.dtype}; an example_project prints "
                    f"{', '.join(sorted(_C_TYPES))}: take project_type=host_driven"
                )
            size = tensor.size_bytes // (int("".join(filter(str.isdigit, tensor.dtype))) // 8)
            what = json.dumps(name).replace("*/", "* /")
            tensors.append(f"alignas(16) static {c_type} {kind}_{index}[{size}]; /* {what} */")
            if kind == "output":
                digits = ", 6" if tensor.dtype == "float32" else ""
                prints.append(_PRINT % {"name": f"{kind}_{index}", "digits": digits})
    return _EXAMPLE % {
        "tensors": "\n".join(tensors),
        "inputs": ", ".join(f"input_{i}" for i in range(len(module.inputs))),
        "outputs": ", ".join(f"output_{i}" for i in range(len(module.outputs))),
        "prints": "".join(prints).rstrip("\n"),
    }


def _model_header(facts: Mapping[str, Any]) -> str:
    is_tvm = facts["runtime"] == "tvm_crt"
    return '"tvm_crt.h"' if is_tvm else f'"model/tvmgen_{facts["model"]}.h"'


def _read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")
