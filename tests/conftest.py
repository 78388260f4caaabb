# SPDX-License-Identifier: Apache-2.0
"""Fixtures shared by every room: tools that must be there, and real models to test on."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import sys
from typing import Any, Callable

import hypothesis
import pytest

# The same examples in each run, however slow the machine: a failure must come from the change at
# hand. `make fuzz` draws new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
if "MICROTVM_FUZZ_SECONDS" not in os.environ:
    hypothesis.settings.load_profile("repeatable")

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
PINNED_TOOLS = pathlib.Path(sys.executable).parent

# A template stands alone and is not on the path of an installed microtvm; the tests read it here.
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))


def _skip_or_fail(missing: str, why: str) -> None:
    """Skip by name; where everything is required (CI), fail instead."""
    if os.environ.get("MICROTVM_REQUIRE_ALL") == "1":
        pytest.fail(f"{missing} is missing, and CI requires it to {why}")
    pytest.skip(f"{missing} is missing; it is needed to {why}")


@pytest.fixture(scope="session")
def require() -> Callable[..., str]:
    """``require("clang", "fuzz the runtime")`` gives the tool's path, or skips (CI: fails)."""

    def find(tool: str, why: str) -> str:
        found = shutil.which(tool) or shutil.which(tool, path=str(PINNED_TOOLS))
        if found is None:
            _skip_or_fail(tool, why)
        return str(found)

    return find


@pytest.fixture(scope="session")
def require_module() -> Callable[..., object]:
    """``require_module("tvm", "compile a model")`` gives the module, or skips (CI: fails)."""

    def find(name: str, why: str) -> object:
        import importlib

        try:
            return importlib.import_module(name)
        except ImportError:
            _skip_or_fail(f"the Python package {name}", why)
            raise

    return find


def _shared(folder: str) -> pathlib.Path:
    root = os.environ.get("MICROTVM_SHARED", str(REPOSITORY.parent / "shared"))
    path = pathlib.Path(root) / folder
    if not path.is_dir():
        pytest.skip(f"the folder of real {folder} is absent; point MICROTVM_SHARED at its parent")
    return path


@pytest.fixture(scope="session")
def shared_models() -> pathlib.Path:
    """The MLPerf Tiny models: ``NAME.tflite`` and ``NAME.golden.npz``."""
    return _shared("models")


@pytest.fixture(scope="session")
def compiled_model(
    shared_models: pathlib.Path, require_module: Callable[..., object]
) -> Callable[[str], Any]:
    """``compiled_model("sww_int8")``: one of them, compiled once for all tests."""
    require_module("tvm", "compile a model")
    import microtvm

    @functools.lru_cache(maxsize=None)
    def compile(name: str) -> Any:
        return microtvm.compile(shared_models / f"{name}.tflite")

    return compile


@pytest.fixture(scope="session")
def shared_zoo() -> pathlib.Path:
    """Public models that failed once: ``NAME.tflite`` or ``.onnx``, and its ``.golden.npz``."""
    return _shared("zoo")


@pytest.fixture(scope="session")
def shared_mlf() -> pathlib.Path:
    """Model Library Format archives made by TVM 0.18, with their golden answers."""
    return _shared("mlf")


@pytest.fixture(scope="session")
def cmsis_path() -> pathlib.Path:
    """What ``CMSIS_PATH`` names: the variable by which TVM's own scripts find CMSIS-NN."""
    given = os.environ.get("CMSIS_PATH")
    if not given:
        pytest.skip("CMSIS_PATH names no directory of CMSIS-NN")
    return pathlib.Path(given)


@pytest.fixture(scope="session")
def repository() -> pathlib.Path:
    """The checkout's root."""
    return REPOSITORY


@pytest.fixture(scope="session", autouse=True)
def _isolated_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Build caches of a test run live and die with it, shared by its tests."""
    if "MICROTVM_CACHE_DIR" not in os.environ:
        run = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            run = run.parent
        os.environ["MICROTVM_CACHE_DIR"] = str(run / "cache")
