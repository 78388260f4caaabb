# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny's commands on this machine, under sanitizers and a fuzzer."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Callable

import pytest

from tests.conftest import REPOSITORY
from tests.device_kit.test_device_kit import SANITIZERS, WARNINGS, run

SOURCES = REPOSITORY / "device_kit" / "mlperf"
HOST_SOURCES = [pathlib.Path(__file__).with_name("mlperf_host.c"), SOURCES / "mlperf_commands.c"]
INPUT_BYTES = 12

Require = Callable[..., str]
Talk = Callable[..., list[list[str]]]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Talk:
    """``talk("name", "db 00")`` gives the answers to each command, without the last lines."""
    gcc = request.getfixturevalue("require")("gcc", "run the commands under sanitizers")
    program = tmp_path_factory.mktemp("mlperf") / "mlperf"
    run([gcc, *WARNINGS, *SANITIZERS, f"-I{SOURCES}", *HOST_SOURCES, "-o", program])

    def converse(*commands: str | bytes) -> list[list[str]]:
        words = [command.encode() if isinstance(command, str) else command for command in commands]
        said = subprocess.run(
            [program],
            input=b"".join(word + b"%" for word in words),
            capture_output=True,
            check=True,
        ).stdout.decode()
        start, *answers, end = said.split("m-ready\r\n")
        assert start.endswith("m-init-done\r\n") and end == "" and len(answers) == len(commands)
        return [answer.split("\r\n")[:-1] for answer in answers]

    return converse


def test_what_each_command_answers(talk: Talk) -> None:
    assert talk("name", "profile", "timestamp") == [
        ["m-name-dut-[host]"],
        ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[kws01]"],
        ["m-lap-us-2"],
    ]
    assert talk("db load 12", "db 0102", "db 03040506070809", "db 0a0B0c0dff", "db print") == [
        ["m-[Expecting 12 bytes]"],
        [],
        [],
        ["m-load-done"],  # what is left of the digits is disregarded
        ["m-buffer-01-02-03-04-05-06-07-08", "m-buffer-09-0a-0b-0c"],
    ]
    loaded = ["db load 12", "db 0102030405060708090a0b0c"]
    assert talk(*loaded, "db print 3", "db print 2 9", "db print 99 11", "db print 5 12")[2:] == [
        ["m-buffer-01-02-03"],
        ["m-buffer-0a-0b"],
        ["m-buffer-0c"],
        [],
    ]
    start, done = "m-infer-start-{}", ["m-infer-done", "m-results-[{},{}]"]
    for command, warmup, count in (("infer", 10, 1), ("infer 3", 10, 3), ("infer 20 0", 0, 20)):
        assert talk(*loaded, command, "results")[2:] == [
            [f"m-warmup-start-{warmup}", "m-warmup-done", start.format(count)]
            + ["m-lap-us-2", "m-lap-us-3", done[0], done[1].format(78, warmup + count)],
            [done[1].format(78, warmup + count)],
        ]
    assert talk("infer 1 0")[0][-1] == "m-results-[0,1]"  # nothing loaded: zeros
    assert {line.split()[0] for line in talk("help")[0][2:]} >= {"name", "db", "infer", "results"}
    # A terminal's line ends between commands, and spaces around them.
    assert talk("\r\n name ", "\nname\r\n") == [["m-name-dut-[host]"]] * 2


TOO_LONG = "x" * 256


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "Empty command"),
        (" \r\n", "Empty command"),
        ("nonsense 1", "Unknown command: nonsense"),
        ("names", "Unknown command: names"),
        ("x" * 255, "Unknown command: " + "x" * 64),
        (TOO_LONG, "A command has at most 255 characters"),
        ("db " + "00" * 127, "A command has at most 255 characters"),
        ("name" + " " * 1000, "A command has at most 255 characters"),
        (b"na\0me", "A command is text; this one has other bytes"),
        (b"\xffname", "A command is text; this one has other bytes"),
        ("db", "Command 'db' requires a subcommand"),
        ("db load", "Command 'db load' requires the # of bytes"),
        ("db load 0", "Command 'db load' must be >0 bytes"),
        ("db load -1", "Command 'db load' must be >0 bytes"),
        ("db load 13", "The model takes 12 bytes, not 13"),
        ("db load 2147483647", "The model takes 12 bytes, not 2147483647"),
        ("db load 2147483648", "Not a number: 2147483648"),
        ("db load 4294967300", "Not a number: 4294967300"),
        ("db load 1x", "Not a number: 1x"),
        ("db load -", "Not a number: -"),
        ("db 000", "Insufficent number of hex digits"),
        ("db 0g", "Invalid hex digit '0g'"),
        ("db 00001122x3", "Invalid hex digit 'x3'"),
        ("db 0000 11", "Bytes are written without spaces"),
        ("db print -1", "There are 4 bytes to print"),
        ("db print 1 5", "There are 4 bytes to print"),
        ("db print all", "Not a number: all"),
        ("infer 0", "Inference iterations must be >0"),
        ("infer 1 -1", "Inference warmup must be >=0"),
        ("infer 99999999999", "Not a number: 99999999999"),
        ("infer 1 0", "The model takes 12 bytes; 2 were loaded"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_and_changes_nothing(
    talk: Talk, command: str | bytes, said: str
) -> None:
    first, digits, refused, *rest = talk("db load 4", "db 0102", command, "db 0304", "db print")
    assert refused == [f"e-[{said}]"]
    assert rest == [["m-load-done"], ["m-buffer-01-02-03-04"]]


def test_bytes_that_nobody_expects(talk: Talk) -> None:
    refused = ["e-[No bytes are expected; see 'db load']"]
    assert talk("db 00") == [refused]
    assert talk("db load 1", "db 11", "db 22", "db print")[2:] == [refused, ["m-buffer-11"]]
    # A load that is refused is not one: what was under way goes on.
    assert talk("db load 2", "db 11", "db load 99", "db 22")[3] == ["m-load-done"]
    # Less than the model takes can be looked at, but not run.
    assert talk("db load 2", "db 1122", "infer")[2] == [
        "e-[The model takes 12 bytes; 2 were loaded]"
    ]


def test_fuzz(require: Require, tmp_path: pathlib.Path) -> None:
    clang = require("clang", "fuzz the commands")
    seconds = int(os.environ.get("MICROTVM_FUZZ_SECONDS", "10"))
    program = tmp_path / "fuzz"
    fuzzer = ["-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined"]
    run([clang, *WARNINGS, *fuzzer, "-DFUZZ", f"-I{SOURCES}", *HOST_SOURCES, "-o", program])
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    words = ["name", "profile", "timestamp", "help", "results", "infer 3 1", "db load 12"]
    words += ["db 0102030405060708090a0b0c", "db print", "db print 3 1", "db 000", "db 0g"]
    (seeds / "all").write_text("".join(f"{word}%" for word in words))
    (seeds / "infer").write_text("db load 12%db 0102030405060708090a0b0c%infer 2 2%results%")
    (seeds / "long").write_text(TOO_LONG + "%name%")
    dictionary = tmp_path / "dictionary"
    dictionary.write_text(
        "".join(f'"{word}"\n' for word in [*words, "%", "db ", "load ", "print "])
    )
    options = [f"-max_total_time={seconds}", "-timeout=10", "-max_len=2048", f"-dict={dictionary}"]
    artifacts = f"-artifact_prefix={tmp_path}/"
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    output = run(
        [program, *options, "-print_final_stats=1", artifacts, corpus, seeds], timeout=seconds + 120
    ).stderr
    runs = int(re.search(r"stat::number_of_executed_units:\s*(\d+)", output).group(1))  # type: ignore
    assert runs > 1000
