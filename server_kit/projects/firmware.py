# SPDX-License-Identifier: Apache-2.0
"""Firmware that ``device_kit/firmware.cmake`` builds: what a template says of it."""

from __future__ import annotations

import json

from ..disk import write_text
from ..tools.cmake import CMakeBuild, require_path
from ..tools.footprint import measure
from .generation import Generation
from .memory import pool_bytes, tvm_workspace_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from typing import Any, Mapping, Sequence

    from .directory import ServerDirectory

#: What a generated project holds besides the archive.
PROJECT_FILES = (
    "microtvm_api_server.py",
    "server_kit",
    "device_kit",
    "src",
    "CMakeLists.txt",
    "boards.json",
)


def generate_firmware(
    template: ServerDirectory,
    archive_path: pathlib.Path,
    standalone_crt_dir: pathlib.Path | None,
    project_dir: pathlib.Path,
    options: Mapping[str, Any],
    packet_bytes: int,
    spare_pool_bytes: int,
    **more_facts: Any,
) -> None:
    """Generate a project that :func:`build_firmware` builds.

    Parameters
    ----------
    template, archive_path, standalone_crt_dir, options
        As in :class:`~server_kit.projects.generation.Generation`.
    project_dir : pathlib.Path
        Must not exist, or be an empty directory.
    packet_bytes : int
        The largest packet of the RPC wire.
    spare_pool_bytes : int
        For what a client allocates besides the model's inputs and outputs.
    **more_facts
        What only this template needs to know later.

    Raises
    ------
    ProjectError, ArchiveError, OptionError :
    """
    require_path(project_dir)
    with Generation(template, archive_path, standalone_crt_dir, options) as generation:
        facts = {**generation.facts(), "board": options["board"], **more_facts}
        facts["packet_bytes"] = packet_bytes
        facts["pool_bytes"] = pool_bytes(
            generation.module, spare_pool_bytes, generation.tensor_bytes, facts["program"]
        )
        facts["tvm_workspace_bytes"] = tvm_workspace_bytes(generation.tvm_bytes)
        generation.write(project_dir, PROJECT_FILES, facts)


def build_firmware(
    project: ServerDirectory,
    verbose: bool,
    platform_sources: Sequence[str],
    definitions: Mapping[str, str] | None = None,
    tool_prefix: str = "",
) -> None:
    """Build a project's ``build/main``, and write ``build/footprint.json``.

    Parameters
    ----------
    project : ServerDirectory
        With the facts that :func:`generate_firmware` writes.
    verbose : bool
        Whether to show every command; the project's own option may ask for it too.
    platform_sources : sequence of str
        The files of the project that its library ``platform`` is made from.
    definitions : mapping of str to str, optional
        Further CMake variables, of what is shared between projects.
    tool_prefix : str
        Begins the names of a cross compiler's tools, ``arm-none-eabi-`` say.

    Raises
    ------
    ToolError :
        When a tool is missing or fails.
    ProjectError :
        When the project is where CMake cannot build, or its model cannot be built.
    """
    facts = project.facts_to_build()
    build_dir = project.path / "build"
    shared = {
        "COMPILE_DEFINITIONS": ";".join(facts["compile_definitions"]),
        "WARNING_AS_ERROR": "ON" if facts["warning_as_error"] else "OFF",
        "RUNTIME": facts["runtime"],
        "TVM_CRT_RPC": "ON" if facts["is_served_by_tvm"] else "OFF",
        **(definitions or {}),
    }
    sources = ["CMakeLists.txt", "device_kit", *platform_sources]
    libraries = ["libplatform.a", "device_kit/libdevice_kit.a"]
    if facts["runtime"] == "tvm_crt":
        sources.append("crt")
        libraries.append("device_kit/tvm_crt/libtvm_crt.a")
    if (project.path / "cmsis_nn").exists():
        sources.append("cmsis_nn")
        libraries.append("device_kit/cmsis_nn/libcmsis_nn.a")
    build = CMakeBuild(
        project.path,
        build_dir,
        definitions={
            "PROGRAM": facts["program"],
            "POOL_BYTES": str(facts["pool_bytes"]),
            "PACKET_BYTES": str(facts["packet_bytes"]),
            "TVM_WORKSPACE_BYTES": str(facts["tvm_workspace_bytes"]),
            **shared,
        },
        shared_sources=[project.path / name for name in sources],
        shared_libraries=libraries,
        shared_facts=list(shared.values()),
        languages=["C", "CXX"] if facts["is_served_by_tvm"] else ["C"],
        tool_prefix=tool_prefix,
    )
    build.run(verbose=verbose or facts["verbose"])
    footprint = measure(build_dir / "libmodel.a", build_dir / "main", f"{tool_prefix}size")
    write_text(build_dir / "footprint.json", json.dumps(footprint, indent=2) + "\n")
