# SPDX-License-Identifier: Apache-2.0
"""Models made here, compiled and compared with LiteRT."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

from microtvm.compiler import CompiledModel, compile


@pytest.fixture
def checked(
    tmp_path: pathlib.Path, require: Callable[..., str], require_module: Callable[..., object]
) -> Callable[[bytes], CompiledModel]:
    """``checked(content)`` compiles a ``.tflite`` file whose answers must be LiteRT's."""
    require("cc", "run compiled models")
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "compare with LiteRT")

    def run(content: bytes) -> CompiledModel:
        path = tmp_path / "model.tflite"
        path.write_bytes(content)
        compiled = compile(path, check=True)
        assert compiled.verification is not None
        assert compiled.verification.outputs, compiled.verification.note
        return compiled

    return run
