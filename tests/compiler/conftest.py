# SPDX-License-Identifier: Apache-2.0
"""Running compiled models: the archive's C, built by a real compiler and called through ctypes."""

from __future__ import annotations

import copy
import ctypes
import pathlib
import subprocess
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from microtvm.compiler import CompiledModel, export_model_library_format
from server_kit.archives.safe_tar import SafeTar

# What every generated file must compile with, warnings being errors.
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow")


class BuiltModel:
    """A model as a shared library, called as ``interface-api=c`` has it."""

    def __init__(self, compiled: CompiledModel, folder: pathlib.Path, compiler: str):
        self.compiled = compiled
        archive = export_model_library_format(compiled, folder / "model.tar")
        with SafeTar(archive) as tar:
            tar.unpack(folder / "model")
        self.host = folder / "model" / "codegen" / "host"
        self.source = self.host / "src" / f"{compiled.name}_lib0.c"
        library = folder / "model.so"
        subprocess.run(
            [compiler, "-O2", "-ffp-contract=off", *WARNINGS, "-fPIC", "-shared"]
            + [f"-I{self.host / 'include'}", str(self.source), "-o", str(library), "-lm"],
            check=True,
        )
        self._load(library)

    def _load(self, library: pathlib.Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._run = getattr(self._library, f"tvmgen_{self.compiled.name}_run")
        self._run.restype = ctypes.c_int32

    def reset(self) -> None:
        """Forget earlier runs: for models that keep state."""
        getattr(self._library, f"tvmgen_{self.compiled.name}_reset")()

    def reloaded(self, library: pathlib.Path) -> BuiltModel:
        """The same model in another build of it."""
        other = copy.copy(self)
        other._load(library)
        return other

    def in_arena(self, library: pathlib.Path, *inputs: np.ndarray) -> list[np.ndarray]:
        """The answers of a build whose inputs and outputs lie in the arena."""
        loaded = ctypes.CDLL(str(library))
        prefix = f"tvmgen_{self.compiled.name}"

        class Inputs(ctypes.Structure):
            _fields_ = [(f"x{i}", ctypes.c_void_p) for i in range(len(self.compiled.inputs))]

        class Outputs(ctypes.Structure):
            _fields_ = [(f"y{i}", ctypes.c_void_p) for i in range(len(self.compiled.outputs))]

        maps = [getattr(loaded, f"{prefix}_map_{kind}s") for kind in ("input", "output")]
        maps[0].restype, maps[1].restype = Inputs, Outputs
        ins, outs = maps[0](), maps[1]()
        for index, array in enumerate(inputs):
            data = np.ascontiguousarray(array).tobytes()
            ctypes.memmove(getattr(ins, f"x{index}"), data, len(data))
        assert getattr(loaded, f"{prefix}_run")(ctypes.byref(ins), ctypes.byref(outs)) == 0
        return [
            np.frombuffer(
                ctypes.string_at(getattr(outs, f"y{index}"), info.nbytes), info.dtype
            ).reshape(info.shape)
            for index, info in enumerate(self.compiled.outputs)
        ]

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        given = []
        for array, info in zip(inputs, self.compiled.inputs, strict=True):
            assert (array.dtype.name, array.shape) == (info.dtype, info.shape)
            given.append(np.ascontiguousarray(array))
        results = [np.full(info.shape, 113, info.dtype) for info in self.compiled.outputs]
        in_struct = (ctypes.c_void_p * len(given))(*(a.ctypes.data for a in given))
        out_struct = (ctypes.c_void_p * len(results))(*(a.ctypes.data for a in results))
        assert self._run(in_struct, out_struct) == 0
        return results


@pytest.fixture(scope="session")
def build(
    tmp_path_factory: pytest.TempPathFactory, require: Callable[..., str]
) -> Callable[[CompiledModel], BuiltModel]:
    """``build(compiled)`` gives the model as a function on arrays."""

    def make(compiled: CompiledModel) -> BuiltModel:
        folder = tmp_path_factory.mktemp("built")
        return BuiltModel(compiled, folder, require("gcc", "build a compiled model"))

    return make


@pytest.fixture
def relax_main(require_module: Callable[..., object]) -> Callable[..., object]:
    """``relax_main(inputs, body)``: a Relax module whose main applies ``body`` to its inputs.

    ``inputs`` maps names to (shape, dtype), ``body`` takes one variable per input and gives a
    Relax expression or a list of them.
    """
    require_module("tvm", "compile a model")
    from tvm import relax

    def make(inputs: dict[str, tuple[Sequence[int], str]], body: Callable[..., object]) -> object:
        builder = relax.BlockBuilder()
        variables = [
            relax.Var(name, relax.TensorType(shape, dtype))
            for name, (shape, dtype) in inputs.items()
        ]
        with builder.function("main", variables):
            with builder.dataflow():
                result = body(*variables)
                if isinstance(result, list):
                    result = relax.Tuple(result)
                output = builder.emit_output(result)
            builder.emit_func_output(output)
        return builder.get()

    return make
