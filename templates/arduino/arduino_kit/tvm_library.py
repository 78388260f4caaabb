# SPDX-License-Identifier: Apache-2.0
"""TVM's standalone C runtime inside the sketch's library, for archives of TVM 0.8 to 0.18.

All of a library is compiled, and nothing but its ``src/`` is on the path of includes. So what lies
in the runtime's ``include/`` and ``src/`` lies in that one folder here: ``<tvm/...>``,
``<dlpack/dlpack.h>`` and what its files include by relative paths are then found as they stand.
"""

from __future__ import annotations

import pathlib
import shutil

from server_kit import OptionError, ProjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIBRARY = "libraries/microtvm"
_SRC = f"{LIBRARY}/src"
_ADAPTER = ("crt_config.h", "tvm_crt.h", "adapter.c")
# Releases differ in the folders they have, as device_kit/tvm_crt/CMakeLists.txt says.
_COMPILED = (
    "common",
    "memory",
    "graph_executor",
    "graph_executor_module",
    "aot_executor",
    "aot_executor_module",
)
_SERVER = ("microtvm_rpc_common", "microtvm_rpc_server")
# What TVM's C runtime starts in: with its RPC server, and without (DK_TVM_MEMORY_MIN).
_LEAST_SERVER_BYTES = 16 * 1024
_LEAST_RUNTIME_BYTES = 4096
_SPARE_BYTES = 8 * 1024
_PARAMETERS = "parameters/"


def require_support(generation: Any, fqbn: str, architecture: str) -> None:
    """An error for a board or an archive that cannot have TVM's runtime here.

    Raises
    ------
    ArchiveError, OptionError :
    """
    if architecture in ("avr", "megaavr"):
        raise OptionError(
            f"option 'board': {fqbn} is an 8-bit AVR, which cannot hold TVM's C runtime, and this "
            "archive was made by TVM 0.8 to 0.18: take a 32-bit board, or make the archive with "
            "microtvm compile"
        )
    archive = generation.archive
    objects = [name for name in sorted(archive.files) if name.endswith(".o")]
    if objects:
        raise archive.error(
            f"holds compiled code ({objects[0]}), which an Arduino library cannot link: compile "
            "the model with TVM's target c"
        )


def memory_bytes(generation: Any, is_served: bool) -> int:
    """All that TVM's runtime allocates from: what was asked for, or an estimate from the archive.

    That is: what the runtime starts in, the model's workspace, its inputs and outputs twice, and
    for the graph executor, which a client gives them, its parameters.

    Raises
    ------
    OptionError :
        When the runtime could not start in what was asked for.
    """
    from server_kit.projects.memory import tvm_workspace_bytes

    least = _LEAST_SERVER_BYTES if is_served else _LEAST_RUNTIME_BYTES
    if generation.tvm_bytes is not None:
        return tvm_workspace_bytes(generation.tvm_bytes, least)
    module = generation.module
    tensors = [*module.inputs.values(), *module.outputs.values(), *module.arguments]
    needed = least + module.workspace_bytes + _SPARE_BYTES
    needed += 2 * sum(tensor.size_bytes for tensor in tensors)
    if "graph" in module.executors:
        files = generation.archive.files.items()
        needed += sum(one.size for name, one in files if name.startswith(_PARAMETERS))
    return -(-needed // 1024) * 1024


def adapter(template: pathlib.Path, is_served: bool) -> dict[str, str]:
    """What the runtime has below it: text by name in the project."""
    kit = template / "device_kit" / "tvm_crt"
    names = (*_ADAPTER, "rpc.c") if is_served else _ADAPTER
    paths = [template / "src" / "tvm_stdio.c", *(kit / name for name in names)]
    return {f"{_SRC}/{path.name}": path.read_text(encoding="utf-8") for path in paths}


def arrange(project: pathlib.Path, is_served: bool) -> None:
    """Move a project's ``crt/`` and the model's descriptor into its library.

    Raises
    ------
    ProjectError :
        When two files would have one name.
    """
    from server_kit.projects.runtime import CRT_DIR, DESCRIPTOR_FILE

    compiled = (*_COMPILED, *_SERVER) if is_served else _COMPILED
    for folder in ("include", "src"):
        root = project / CRT_DIR / folder
        for path in sorted(root.rglob("*")):
            is_source = path.suffix in (".c", ".cc")
            if path.is_file() and not (is_source and path.parent.name not in compiled):
                name = path.relative_to(root)
                # To arduino-builder, and to arduino-cli of its time, .cc is no source.
                name = name.with_suffix(".cpp") if path.suffix == ".cc" else name
                _move(path, project / _SRC / name)
    shutil.rmtree(str(project / CRT_DIR))
    descriptor = project / DESCRIPTOR_FILE
    if descriptor.exists():
        _move(descriptor, project / _SRC / descriptor.name)
        descriptor.parent.rmdir()


def _move(path: pathlib.Path, target: pathlib.Path) -> None:
    if target.exists():
        raise ProjectError(f"TVM's C runtime and the project both have a file {target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
