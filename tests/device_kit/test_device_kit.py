# SPDX-License-Identifier: Apache-2.0
"""The device runtime: its C tests under sanitizers and on a 32-bit core, its size, its fuzzers."""

from __future__ import annotations

import binascii
import os
import pathlib
import re
import struct
import subprocess
import sys
from typing import Callable

import pytest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
KIT = REPOSITORY / "device_kit"
SOURCES = sorted((KIT / "src").glob("*.c"))
HEADERS = sorted((KIT / "include" / "device_kit").glob("*.h"))

UNITS = ["framing", "pool", "rpc", "session", "time_evaluator"]
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow"]
INCLUDES = [f"-I{KIT / 'include'}", f"-I{HERE}"]
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CORTEX_M3 = ["-mcpu=cortex-m3", "-mthumb", "-Os"]

Require = Callable[..., str]


def run(
    command: list[str | pathlib.Path], timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command; when it fails, the test fails with all that the command said."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, (
        f"{command[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    )
    return done


def unit_sources(unit: str) -> list[pathlib.Path]:
    return [HERE / f"test_{unit}.c", HERE / "bench.c", *SOURCES]


@pytest.mark.parametrize("unit", UNITS)
def test_c_under_sanitizers(unit: str, require: Require, tmp_path: pathlib.Path) -> None:
    gcc = require("gcc", "run the device runtime under sanitizers")
    program = tmp_path / unit
    run([gcc, *WARNINGS, *SANITIZERS, *INCLUDES, *unit_sources(unit), "-o", program])
    run([program])


@pytest.mark.parametrize("unit", UNITS)
def test_c_on_a_32_bit_core(unit: str, require: Require, tmp_path: pathlib.Path) -> None:
    gcc = require("arm-none-eabi-gcc", "build the device runtime for Cortex-M3")
    qemu = require("qemu-system-arm", "run the device runtime on an emulated Cortex-M3")
    program = tmp_path / f"{unit}.elf"
    board = HERE / "cortex_m3"
    link = ["--specs=nano.specs", "--specs=rdimon.specs", f"-Wl,-T,{board / 'mps2_an385.ld'}"]
    sources = [board / "start.c", *unit_sources(unit)]
    run([gcc, *WARNINGS, *CORTEX_M3, *INCLUDES, *link, *sources, "-o", program])
    machine = ["-machine", "mps2-an385", "-display", "none", "-monitor", "none", "-serial", "none"]
    run([qemu, *machine, "-semihosting", "-kernel", program])


@pytest.mark.parametrize("compiler", ["gcc", "clang", "arm-none-eabi-gcc"])
@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os"])
def test_compiles_without_warnings(
    compiler: str, level: str, require: Require, tmp_path: pathlib.Path
) -> None:
    cc = require(compiler, "compile the device runtime")
    core = CORTEX_M3 if compiler.startswith("arm") else []
    strict = ["-Wpedantic", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wundef"]
    for source in SOURCES:
        run([cc, *WARNINGS, *strict, *core, level, *INCLUDES, "-c", source, "-o", tmp_path / "x.o"])


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.name)
def test_each_header_stands_alone_in_cpp(header: pathlib.Path, require: Require) -> None:
    cxx = require("g++", "include the headers from C++")
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++"]
    run([cxx, *flags, *INCLUDES, header])


def test_builds_with_cmake(require: Require, tmp_path: pathlib.Path) -> None:
    cmake = require("cmake", "build the device runtime as a library")
    run([cmake, "-S", KIT, "-B", tmp_path, "-DDEVICE_KIT_WERROR=ON"])
    run([cmake, "--build", tmp_path])
    assert (tmp_path / "libdevice_kit.a").exists()


def test_needs_nothing_but_a_few_functions_of_libc(
    require: Require, tmp_path: pathlib.Path
) -> None:
    gcc = require("arm-none-eabi-gcc", "build the device runtime for Cortex-M3")
    nm = require("arm-none-eabi-nm", "list what the device runtime refers to")
    kit = tmp_path / "kit.o"
    run([gcc, *WARNINGS, *CORTEX_M3, *INCLUDES, "-r", "-nostdlib", *SOURCES, "-o", kit])
    undefined = {line.split()[-1] for line in run([nm, "-u", kit]).stdout.splitlines()}
    assert undefined <= {"memcpy", "memset", "strlen"}
    # And it has no variables: all state is in the dk_server that the port owns.
    writable = [
        line for line in run([nm, kit]).stdout.splitlines() if re.search(r" [BbDdCc] ", line)
    ]
    assert writable == []


def test_footprint_is_within_budget(require: Require) -> None:
    require("arm-none-eabi-gcc", "measure the device runtime's size")
    output = run([sys.executable, REPOSITORY / "tests/bench/footprint.py"]).stdout
    assert "of 12288 bytes" in output


def test_footprint_says_when_the_compiler_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "tests/bench/footprint.py")],
        check=False,
        env={"PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: arm-none-eabi-gcc is not on the PATH")


def frame(payload: bytes) -> bytes:
    """A packet by Python's own CRC, which is independent of ours."""
    body = b"\xff\xfd" + (struct.pack("<I", len(payload)) + payload).replace(b"\xff", b"\xff\xff")
    return body + struct.pack("<H", binascii.crc_hqx(body, 0xFFFF)).replace(b"\xff", b"\xff\xff")


def test_vectors_in_the_specification_are_right() -> None:
    text = (KIT / "SPEC.md").read_text()
    rows = re.findall(r"^\| `([0-9a-f ]*)` \| `([0-9a-f ]+)` \|", text, re.MULTILINE)
    assert len(rows) >= 5
    for payload, wire in rows:
        assert bytes.fromhex(wire) == frame(bytes.fromhex(payload))
    # The same packets are what the C tests expect.
    c_source = (HERE / "test_framing.c").read_text()
    for _, wire in rows:
        escaped = "".join(f"\\x{byte:02x}" for byte in bytes.fromhex(wire))
        assert f'"{escaped}"' in c_source


# Fuzzing. The seeds are a few conversations, as a client would have them.

INT, HANDLE, NULL, DTYPE, DEVICE, TENSOR, MODULE, STR = 0, 3, 4, 5, 6, 7, 9, 11
FLOAT32 = 0x12002
# Handles are predictable: kind, generation, index. The first session is generation 2.
LIBRARY, EXECUTOR, TIMER = 0x20000200, 0x40000300, 0x70000400
RUN = 0x50000306


def arguments(*pairs: tuple[int, bytes]) -> bytes:
    codes = struct.pack(f"<I{len(pairs)}I", len(pairs), *(code for code, _ in pairs))
    return codes + b"".join(value for _, value in pairs)


def number(value: int) -> bytes:
    return struct.pack("<q", value)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def tensor(block: int, *shape: int, dtype: int = FLOAT32, offset: int = 0) -> bytes:
    """A tensor in the pool's block of this number, which the fuzzer's target fills in."""
    head = b"PTR" + bytes([block, 0, 0, 0, 0]) + struct.pack("<iiiI", 1, 0, len(shape), dtype)
    return head + struct.pack(f"<{len(shape)}q", *shape) + number(offset)


def call(function: int, *pairs: tuple[int, bytes]) -> bytes:
    return struct.pack("<IQ", 3, function) + arguments(*pairs)


def system_call(code: int, *pairs: tuple[int, bytes]) -> bytes:
    return struct.pack("<I", code) + arguments(*pairs)


def conversations() -> list[list[bytes]]:
    """Lists of RPC packets without their length, one list per session."""
    cpu = (DEVICE, number(1))
    names = [
        "runtime.SystemLib",
        "tvm.rpc.server.ModuleGetFunction",
        "tvm.aot_executor.create",
        "runtime.RPCTimeEvaluator",
        "tvm.rpc.server.GetCRTMaxPacketSize",
        "microtvm.max_packet_size",
        "microtvm.memory_stats",
        "tvm.contrib.random.random_fill",
        "microtvm.reset",
    ]
    globals_ = {name: 0x10000200 + index for index, name in enumerate(names)}
    create = call(globals_[names[2]], (MODULE, number(LIBRARY)), cpu, (STR, text("default")))

    def lookup(module: int, name: str) -> bytes:
        flags = [(MODULE, number(module)), (STR, text(name)), (INT, number(0))]
        return call(globals_[names[1]], *flags)

    def timer(module: int, name: str, repeat: int, minimum: int) -> bytes:
        numbers = [1, 0, 2, repeat, minimum, 3, 1, 1, 0]
        pairs = [(INT, number(value)) for value in numbers]
        head = [(MODULE, number(module)), (STR, text(name))]
        return call(globals_[names[3]], *head, *pairs, (STR, text("")))

    model_tensors = [
        (TENSOR, tensor(0, 1, 4)),
        (TENSOR, tensor(1, 2, 2, dtype=0x10800)),
        (TENSOR, tensor(2, 1, 4)),
        (TENSOR, tensor(3, 2, 2, dtype=0x10800)),
    ]
    allocate = [
        system_call(13, cpu, *((INT, number(n)) for n in (16, 64)), (DTYPE, number(FLOAT32)))
    ]
    return [
        [system_call(9, (STR, text(name))) for name in [*names, "absent"]],
        [call(function) for function in globals_.values()],
        [
            create,
            *(lookup(EXECUTOR, name) for name in ("get_input", "run", "nothing")),
            *(call(0x50000300 + index, (INT, number(1))) for index in range(8)),
            call(0x50000300, (STR, text("x"))),
            call(0x50000301, (STR, text("s:0/in"))),
            struct.pack("<I", 7) + tensor(1, 4) + number(16) + bytes(16),
            call(RUN),
            struct.pack("<I", 6) + tensor(3, 4) + number(16),
            timer(EXECUTOR, "run", 3, 1),
            call(TIMER),
            system_call(10, (HANDLE, number(RUN)), (INT, number(10))),
            system_call(10, (HANDLE, number(EXECUTOR)), (INT, number(9))),
            call(RUN),
        ],
        [
            *(allocate * 4),
            lookup(LIBRARY, "tvmgen_toy_run"),
            call(0x30000200, *model_tensors),
            timer(LIBRARY, "tvmgen_toy_run", 2, 0),
            call(0x70000300, *model_tensors),
            call(globals_["tvm.contrib.random.random_fill"], model_tensors[0]),
            system_call(16, model_tensors[0], model_tensors[2], (HANDLE, number(0))),
            system_call(14, cpu, (HANDLE, b"PTR\0\0\0\0\0")),
            system_call(17, (TENSOR, tensor(9, 2, 3)), (NULL, b"")),
        ],
        [
            *(system_call(code, cpu, (HANDLE, number(0))) for code in (15, 19, 20)),
            system_call(18, cpu),
            system_call(11, cpu),
            system_call(12, cpu, (INT, number(0))),
            struct.pack("<I", 2) + text("0.8.0") + arguments(),
            struct.pack("<I", 1),
        ],
    ]


def write_seeds(directory: pathlib.Path) -> None:
    """The conversations once as messages for the target to frame, once as raw bytes."""
    directory.mkdir()
    again = frame(b"\x09\x00\x00\x01")  # the start of a second session
    for index, packets in enumerate(conversations()):
        messages = b"".join(bytes([len(packet)]) + packet for packet in packets)
        (directory / f"messages{index}").write_bytes(b"\x01" + messages)
        raw = b"".join(
            frame(b"\x07\x43\x10" + struct.pack("<Q", len(packet)) + packet) for packet in packets
        )
        (directory / f"raw{index}").write_bytes(b"\x10" + raw + again)


@pytest.mark.parametrize("target", ["unframer", "rpc_server"])
def test_fuzz(target: str, require: Require, tmp_path: pathlib.Path) -> None:
    clang = require("clang", "fuzz the device runtime")
    seconds = int(os.environ.get("MICROTVM_FUZZ_SECONDS", "10"))
    program = tmp_path / target
    fuzzer = ["-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined"]
    sources = [HERE / f"fuzz_{target}.c", HERE / "bench.c", *SOURCES]
    run([clang, *WARNINGS, *fuzzer, *INCLUDES, *sources, "-o", program])
    seeds = tmp_path / "seeds"
    write_seeds(seeds)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    options = [f"-max_total_time={seconds}", "-timeout=10", "-max_len=4096", "-print_final_stats=1"]
    artifacts = f"-artifact_prefix={tmp_path}/"
    output = run([program, *options, artifacts, corpus, seeds], timeout=seconds + 120).stderr
    runs = int(re.search(r"stat::number_of_executed_units:\s*(\d+)", output).group(1))
    assert runs > 100
