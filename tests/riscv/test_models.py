# SPDX-License-Identifier: Apache-2.0
"""int8 models on RISC-V without an operating system: a 32-bit core with neither FPU nor vectors.

Debian's compiler and picolibc, QEMU's machine "virt", and semihosting for what is printed. The C is
an archive's, and nothing else of ours is needed to run it.
"""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler import CompiledModel

CORE = ["-march=rv32imac", "-mabi=ilp32"]
LIBRARY = ["--specs=picolibc.specs", "--oslib=semihost", "--crt0=hosted"]
# The machine's RAM, of which the first part stands for flash.
MEMORY = {"flash": 0x80000000, "flash_size": 4 << 20, "ram": 0x80400000, "ram_size": 1 << 20}
EMULATOR = ["-M", "virt", "-bios", "none", "-nographic", "-monitor", "none", "-serial", "none"]
SEMIHOSTING = ["-semihosting-config", "enable=on,target=native"]
FLAGS = ["-std=c11", "-O2", "-ffp-contract=off", "-fno-strict-aliasing", "-Wall", "-Wextra"]


@pytest.fixture(scope="session")
def tools(require: Callable[..., str]) -> None:
    """A cross compiler with a C library, and the emulator."""
    for tool in ("riscv64-unknown-elf-gcc", "qemu-system-riscv32"):
        require(tool, "build programs for RISC-V and run them")


def _program(compiled: CompiledModel, samples: np.ndarray) -> str:
    """A program that prints the answers to samples, in hexadecimal, a line each."""
    (given,), (result,) = compiled.inputs, compiled.outputs
    rows = ",\n".join(
        "{" + ", ".join(map(str, sample.view(np.int8).ravel())) + "}" for sample in samples
    )
    name = f"tvmgen_{compiled.name}"
    return f"""\
#include <stdio.h>
#include "{name}.h"
static _Alignas(16) signed char samples[{len(samples)}][{given.nbytes}] = {{
{rows}}};
static _Alignas(16) unsigned char answer[{result.nbytes}];
int main(void) {{
    for (int i = 0; i < {len(samples)}; ++i) {{
        struct {name}_inputs in = {{samples[i]}};
        struct {name}_outputs out = {{answer}};
        if ({name}_run(&in, &out) != 0) {{
            return 1;
        }}
        for (unsigned k = 0; k < sizeof answer; ++k) {{
            printf("%02x", (unsigned)answer[k]);
        }}
        puts("");
    }}
    return 0;
}}
"""


@pytest.mark.parametrize("name", ["ad_int8", "ic_int8", "kws_int8", "sww_int8", "vww_int8"])
def test_answers_are_litert_s(
    name: str,
    tools: None,
    shared_models: pathlib.Path,
    compiled_model: Callable[[str], CompiledModel],
    tmp_path: pathlib.Path,
) -> None:
    compiled = compiled_model(name)
    for path, content in compiled.files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    golden = np.load(shared_models / f"{name}.golden.npz")
    (tmp_path / "main.c").write_text(_program(compiled, golden["input"]))
    code = tmp_path / "codegen/host"
    symbols = ",".join(f"--defsym=__{symbol}={value}" for symbol, value in MEMORY.items())
    command = ["riscv64-unknown-elf-gcc", *CORE, *LIBRARY, *FLAGS, "-Werror"]
    command += [f"-I{code / 'include'}", f"-Wl,{symbols}"]
    command += [str(tmp_path / "main.c"), str(code / f"src/{compiled.name}_lib0.c"), "-lm"]
    subprocess.run([*command, "-o", str(tmp_path / "main")], check=True)
    done = subprocess.run(
        ["qemu-system-riscv32", *EMULATOR, *SEMIHOSTING, "-kernel", str(tmp_path / "main")],
        stderr=subprocess.PIPE,  # where QEMU writes single characters, as picolibc hands them
        timeout=120,
        check=True,
    )
    rows = [bytes.fromhex(line) for line in done.stderr.decode().split()]
    assert rows == [answer.tobytes() for answer in golden["output"]]
