# SPDX-License-Identifier: Apache-2.0
"""Archives of TVM 0.8 to 0.18: where their runtime lies in a sketch, and what is refused."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Callable

import pytest

from server_kit.errors import ServerError
from tests.arduino.conftest import sketch
from tests.crt import archives
from tests.crt.conftest import Release, release  # noqa: F401
from tests.templates.tiny_model import write_tar

SRC = "libraries/microtvm/src"


def compiled(folder: pathlib.Path, src: pathlib.Path) -> list[str]:
    """The names of the files below a folder, compiled here with the library's ``src/`` as only
    path of includes; those that want Arduino's own headers are left out."""
    sources = [
        path
        for path in sorted(folder.rglob("*.c*"))
        if "#include <Arduino.h>" not in path.read_text(encoding="utf-8")
    ]
    for path in sources:
        compiler = "cc" if path.suffix == ".c" else "c++"
        command = [compiler, "-w", "-fsyntax-only", f"-I{src}", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return [path.name for path in sources]


def test_a_library_finds_what_the_runtime_includes(
    fake_runtime: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    archive = archives.operator(tmp_path / "scale.tar", (0, 18))
    project = sketch(archive, fake_runtime, tmp_path / "project")
    src = project / SRC
    assert {"tvm", "dlpack", "support", "runtime", "checksum.h", "crt_config.h"} <= {
        path.name for path in src.iterdir()
    }
    assert (src / "runtime/crt/microtvm_rpc_server/rpc_server.cpp").exists()
    assert not list(project.rglob("wrong.c"))
    assert not (project / "crt").exists()
    assert compiled(src / "runtime/crt", src) == [
        "crt_runtime_api.c",
        "crcccitt.c",
        "rpc_server.cpp",
    ]
    facts = json.loads((project / "project.json").read_text())
    assert facts["program"] == "main_tvm_host_driven"
    assert "dk_tvm_server_start" in (project / "firmware/firmware.ino").read_text()
    assert (
        f"TVM_MEMORY_BYTES {facts['tvm_workspace_bytes']}"
        in (project / "firmware/sizes.h").read_text()
    )


def test_every_release_compiles_as_a_library(
    release: Release,  # noqa: F811
    require: Callable[..., str],
    tmp_path: pathlib.Path,
) -> None:
    for tool in ("cc", "c++"):
        require(tool, "compile TVM's C runtime")
    archive = archives.operator(tmp_path / "scale.tar", release.version)
    src = sketch(archive, release.crt, tmp_path / "project") / SRC
    names = compiled(src, src)
    assert {"rpc_server.cpp", "rpc.c", "adapter.c", "graph_executor.c", "lib1.c"} <= {*names}


@pytest.mark.parametrize("board", ["mega2560", "uno", "arduino:megaavr:uno2018"])
def test_avr_is_refused(fake_runtime: pathlib.Path, tmp_path: pathlib.Path, board: str) -> None:
    archive = archives.operator(tmp_path / "scale.tar", (0, 18))
    with pytest.raises(ServerError, match="is an 8-bit AVR, which cannot hold TVM's C runtime"):
        sketch(archive, fake_runtime, tmp_path / "project", board=board)
    assert not (tmp_path / "project").exists()


def test_teensy_is_no_avr(fake_runtime: pathlib.Path, tmp_path: pathlib.Path) -> None:
    archive = archives.operator(tmp_path / "scale.tar", (0, 18))
    project = sketch(archive, fake_runtime, tmp_path / "project", board="teensy41")
    assert json.loads((project / "project.json").read_text())["architecture"] == "arm"


def test_less_memory_than_the_runtime_takes(
    fake_runtime: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    archive = archives.operator(tmp_path / "scale.tar", (0, 18))
    with pytest.raises(
        ServerError, match="'workspace_size_bytes' was given 4096; allowed is 16384"
    ):
        sketch(archive, fake_runtime, tmp_path / "project", workspace_size_bytes=4096)


def test_compiled_code_is_refused(fake_runtime: pathlib.Path, tmp_path: pathlib.Path) -> None:
    metadata = {
        "version": 7,
        "modules": {
            "default": {
                "model_name": "default",
                "memory": {"functions": {"main": [], "operator_functions": []}},
                "target": ["llvm"],
                "executors": ["graph"],
                "style": "full-model",
            }
        },
    }
    files = {
        "metadata.json": json.dumps(metadata).encode(),
        "codegen/host/lib/default_lib0.o": b"TVMSystemLibEntryPoint",
    }
    archive = write_tar(tmp_path / "llvm.tar", files)
    with pytest.raises(ServerError, match=r"compiled code \(codegen/host/lib/default_lib0.o\)"):
        sketch(archive, fake_runtime, tmp_path / "project")
