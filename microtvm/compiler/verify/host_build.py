# SPDX-License-Identifier: Apache-2.0
"""The generated C as a program on this machine."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

import numpy as np

from server_kit.disk import why_not_written

from ..compiled import CompiledModel
from ..dtypes import numpy_dtype
from ..errors import CompileError
from ..program import TensorInfo
from .cmsis_nn import CmsisNN
from .compiler import CompilerRun
from .runtime import Array, NoRuntimeError, stacked

# As templates/host compiles it: what is checked is what a user gets.
_FLAGS = ("-std=gnu11", "-O2", "-ffp-contract=off", "-w")
_CODE = "codegen/host/"


class HostBuild:
    """A program that reads samples and writes answers, in a directory that goes with the context.

    A process of its own: generated code that crashes ends it, and is told of. The compiler starts
    with the context, so that what comes before `answers` is done beside it.

    Parameters
    ----------
    compiled : CompiledModel
    cmsis_path : str or os.PathLike, optional
        CMSIS-NN's sources, for a model that calls it.

    Raises
    ------
    NoRuntimeError
        When there is no C compiler.
    """

    def __init__(
        self, compiled: CompiledModel, cmsis_path: str | os.PathLike[str] | None = None
    ) -> None:
        self._compiled = compiled
        self._cmsis_nn = CmsisNN(cmsis_path) if compiled.cmsis_nn and cmsis_path else None
        self._compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
        if shutil.which(self._compiler[0]) is None:
            raise NoRuntimeError(
                f"there is no C compiler {self._compiler[0]}; install one, or name it in CC"
            )
        self._scratch = tempfile.TemporaryDirectory(prefix="microtvm-check-")
        self._program = pathlib.Path(self._scratch.name) / "main"
        self._running: CompilerRun | None = None

    def __enter__(self) -> HostBuild:
        try:
            self._running = self._start()
        except OSError as error:
            folder = pathlib.Path(self._scratch.name)
            why = why_not_written(error, folder)
            if why is None:
                raise
            raise CompileError(
                f"the generated code cannot be written to {folder}, to check its answers: {why}",
                hint="TMPDIR names that directory, and --no-check leaves the check out",
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.end()
        self._scratch.cleanup()

    def answers(self, inputs: Sequence[Array]) -> list[Array]:
        """Run all samples in order in one process, so that state is kept from one to the next.

        Parameters
        ----------
        inputs : sequence of array
            For each input its samples along a leading axis.

        Returns
        -------
        list of array
            For each output its samples along a leading axis.

        Raises
        ------
        CompileError
            The C compiler refuses the code, or the program crashes.
        """
        assert self._running is not None, "the context was not entered"
        self._running.wait()
        count = len(inputs[0])
        given = b"".join(array[i].tobytes() for i in range(count) for array in inputs)
        ran = subprocess.run([str(self._program)], input=given, capture_output=True, check=False)
        if ran.returncode != 0:
            raise CompileError(
                f"the generated code of model {self._compiled.name} failed on this machine "
                f"(status {ran.returncode})",
                hint="this is a mistake of the compiler: please report it with the model",
            )
        samples, offset = [], 0
        for _ in range(count):
            sample = []
            for tensor in self._compiled.outputs:
                data = ran.stdout[offset : offset + tensor.nbytes]
                sample.append(np.frombuffer(data, numpy_dtype(tensor.dtype)).reshape(tensor.shape))
                offset += tensor.nbytes
            samples.append(sample)
        return stacked(samples)

    def _start(self) -> CompilerRun:
        folder = pathlib.Path(self._scratch.name)
        name = self._compiled.name
        sources = [folder / "main.c"]
        for path, content in self._compiled.files.items():
            if path.startswith(_CODE):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                if target.suffix == ".c" and not path.endswith(f"/{name}_lib1.c"):
                    sources.append(target)  # lib1 is for device_kit
        sources[0].write_text(_main(name, self._compiled.inputs, self._compiled.outputs))
        words: list[str] = []
        if self._cmsis_nn is not None and self._compiled.cmsis_nn is not None:
            words = self._cmsis_nn.build(self._compiler, folder, self._compiled.cmsis_nn)
        command = [
            *self._compiler,
            *_FLAGS,
            f"-I{folder / _CODE / 'include'}",
            *map(str, sources),
            *words,
            "-o",
            str(self._program),
            "-lm",
        ]
        return CompilerRun(
            command,
            "the generated C",
            "name another compiler in CC, or leave the check out with --no-check",
        )


def _main(name: str, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> str:
    """A program around the C interface, whose structs hold pointers in order."""
    prefix = f"tvmgen_{name}"
    buffers = [
        f"static _Alignas(16) unsigned char {kind}_{index}[{tensor.nbytes}];"
        for kind, tensors in (("in", inputs), ("out", outputs))
        for index, tensor in enumerate(tensors)
    ]
    structs = [
        f"    struct {prefix}_{kind}puts {kind} = {{"
        + ", ".join(f"{kind}_{i}" for i in range(count))
        + "};"
        for kind, count in (("in", len(inputs)), ("out", len(outputs)))
    ]
    reads = [f"fread(in_{i}, 1, sizeof in_{i}, stdin) == sizeof in_{i}" for i in range(len(inputs))]
    writes = [f"        fwrite(out_{i}, 1, sizeof out_{i}, stdout);" for i in range(len(outputs))]
    return "\n".join(
        [
            "#include <stdio.h>",
            f'#include "{prefix}.h"',
            *buffers,
            "int main(void) {",
            *structs,
            f"    while ({' && '.join(reads)}) {{",
            f"        if ({prefix}_run(&in, &out) != 0) {{",
            "            return 1;",
            "        }",
            *writes,
            "    }",
            "    return 0;",
            "}",
            "",
        ]
    )
