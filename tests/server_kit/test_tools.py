# SPDX-License-Identifier: Apache-2.0
"""Running tools: streamed, limited, ended with all they started, and explained when they fail."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

import pytest

from server_kit import ToolError, tools
from server_kit.tools import sessions
from tests.server_kit.pipe_driver import processes_below, wait_until


def run(tmp_path: pathlib.Path, code: str, **options: object) -> list[str]:
    return tools.run(
        [sys.executable, "-c", code], cwd=tmp_path, log_file=tmp_path / "log", **options
    )


def test_output_is_shown_kept_and_returned(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys, os; print('one'); sys.stdout.flush(); print(os.getcwd(), file=sys.stderr)"
    assert run(tmp_path, code) == ["one", str(tmp_path)]
    assert capsys.readouterr().err == f"one\n{tmp_path}\n"
    logged = (tmp_path / "log").read_text()
    assert logged.startswith("$ cd ") and logged.endswith(f"one\n{tmp_path}\n")


def test_long_output_is_kept_whole_in_the_log_only(tmp_path: pathlib.Path) -> None:
    tail = run(tmp_path, "for i in range(5000): print(i)")
    assert tail == [str(number) for number in range(5000 - tools.TAIL_LINES, 5000)]
    assert "\n17\n" in (tmp_path / "log").read_text()


def test_no_shell_reads_arguments(tmp_path: pathlib.Path) -> None:
    evil = "$(touch evil); `touch evil`\n'\""
    arguments = [sys.executable, "-c", "import sys; print(repr(sys.argv[1]))", evil]
    assert tools.run(arguments, cwd=tmp_path, log_file=tmp_path / "log") == [repr(evil)]
    assert not (tmp_path / "evil").exists()


def test_variables_are_added_to_the_environment(tmp_path: pathlib.Path) -> None:
    code = "import os; print(os.environ['EXTRA'], 'PATH' in os.environ)"
    assert run(tmp_path, code, env={"EXTRA": "a b"}) == ["a b True"]


def test_a_failure_names_the_first_error_the_log_and_the_command(tmp_path: pathlib.Path) -> None:
    code = "print('fine'); print('a.c:3:1: error: no such type'); print('error: 2'); exit(4)"
    with pytest.raises(ToolError) as caught:
        run(tmp_path, code)
    text = str(caught.value)
    assert "failed (exit status 4): a.c:3:1: error: no such type; " in text
    assert str(tmp_path / "log") in text
    command = text.split("repeat with: ")[1]
    again = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert again.returncode == 4 and "a.c:3:1: error" in again.stdout


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "print('CMake Error at CMakeLists.txt:3 (x):'); print('  Nothing works'); exit(1)",
            "CMake Error at CMakeLists.txt:3 (x): Nothing works",
        ),
        (
            "print('CMake Error at z.cmake:9 (message):\\n');"
            "print('  No board\\n  named x.\\n\\n  Later'); exit(1)",
            "CMake Error at z.cmake:9 (message): No board named x.; ",
        ),
        (
            "print('CMake Error at CMakeLists.txt:5 (add_subdirectory):');"
            "print('  The source directory\\n\\n    /CMSIS/Core\\n\\n  does not contain it.\\n');"
            "print('Call Stack (most recent call first):'); exit(1)",
            "(add_subdirectory): The source directory /CMSIS/Core does not contain it.; ",
        ),
        ("print('b.o: undefined reference to `f`'); exit(1)", "undefined reference"),
        (
            "print('ld: f.elf section `bss\\' will not fit in region `RAM\\'');"
            "print('ld: region `RAM\\' overflowed by 19512 bytes');"
            "print('collect2: error: ld returned 1 exit status'); exit(1)",
            "ld: region `RAM' overflowed by 19512 bytes",
        ),
        (
            "print('warning: Experimental symbol A is enabled.\\n');"
            "print('/p/prj.conf:1: warning: A (defined at x) set more than once.\\n');"
            "print('/p/b.conf:1: warning: attempt to assign to B\\n');"
            "print('/p/b.conf:2: warning: attempt to assign to C\\n');"
            "print('error: Aborting due to Kconfig warnings'); exit(1)",
            ": /p/b.conf:1: warning: attempt to assign to B; ",
        ),
        (
            "print('/z/scripts/kconfig/kconfig.py: a/Kconfig:15: no file b');"
            "print('CMake Error at c:1 (message): command failed'); exit(1)",
            ": /z/scripts/kconfig/kconfig.py: a/Kconfig:15: no file b; ",
        ),
        (
            "print('ld: g.a(f.o): file class ELFCLASS64 incompatible with ELFCLASS32');"
            "print('collect2: error: ld returned 1 exit status'); exit(1)",
            "ld: g.a(f.o): file class ELFCLASS64 incompatible with ELFCLASS32",
        ),
        ("print('last words'); exit(1)", "last words"),
        ("exit(1)", "it printed nothing"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
    ],
)
def test_what_is_said_of_a_failure(tmp_path: pathlib.Path, code: str, said: str) -> None:
    with pytest.raises(ToolError) as caught:
        run(tmp_path, code)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("child", "proc"), [("None", "/proc"), ("os.setpgrp", "/proc"), ("os.setpgrp", "/no-proc")]
)
def test_time_is_limited_and_the_whole_session_is_ended(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, child: str, proc: str
) -> None:
    monkeypatch.setattr(sessions, "_PROC", proc)  # not every system has one
    code = (
        "import os, subprocess, sys, time, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        f"subprocess.Popen(command, preexec_fn={child})\n"
        "time.sleep(60)"
    )
    start = time.monotonic()
    with pytest.raises(ToolError, match="did not end within 0.5 s"):
        run(tmp_path, code, timeout_sec=0.5)
    assert time.monotonic() - start < 10
    assert wait_until(lambda: not processes_below(tmp_path))


def test_a_child_that_keeps_the_output_open_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(5)'])\n"
        "print('done')"
    )
    start = time.monotonic()
    assert run(tmp_path, code) == ["done"]
    assert time.monotonic() - start < 4


def test_the_guardian_of_a_tool_goes_with_it(tmp_path: pathlib.Path) -> None:
    """Its process too: none of this process's children is left, neither running nor a zombie."""
    before = children()
    run(tmp_path, "print('done')")
    with pytest.raises(ToolError):
        run(tmp_path, "import time; time.sleep(60)", timeout_sec=0.2)
    assert children() <= before


def children() -> set[str]:
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], stdout=subprocess.PIPE, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listing.stdout.splitlines()]
    return {
        f"{pid} {words}"
        for pid, parent, words in rows
        if parent == str(os.getpid()) and not words.startswith("ps -A")
    }


def test_a_tool_that_cannot_be_started(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ToolError, match="nothing/here cannot be run: No such file"):
        tools.run(["nothing/here"], cwd=tmp_path, log_file=tmp_path / "log")


@pytest.mark.parametrize(
    ("said", "is_flash", "is_ram"),
    [
        ("ld: region `FLASH' overflowed by 4 bytes, region `RAM' overflowed by 8 bytes", 1, 1),
        ("region `text' overflowed by 4 bytes", 1, 0),
        ("ld: address 0x803d57 of f.elf section `.bss' is not within region `data'", 0, 1),
        ("lib0.c:(.text+0x15): relocation truncated to fit: R_X86_64_PC32 against `.bss'", 0, 1),
        ("firmware.ino:9:31: error: size of array \u2018pool\u2019 is too large", 0, 1),
        ("undefined reference to `f'", 0, 0),
    ],
)
def test_what_does_not_fit_is_told_with_what_to_do(
    tmp_path: pathlib.Path, said: str, is_flash: bool, is_ram: bool
) -> None:
    with pytest.raises(ToolError) as caught:
        run(tmp_path, f"print({said!r}); print('collect2: error: ld returned 1'); exit(1)")
    text = str(caught.value)
    assert said in text
    assert ("more flash" in text) is bool(is_flash)
    assert ("workspace_size_bytes" in text) is bool(is_ram)


def test_tools_are_found_beside_the_interpreter(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "special-tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "/nonexistent")
    assert tools.find_tool("special-tool") == str(tool)
    with pytest.raises(ToolError, match="cmake was not found on PATH .*pip install cmake"):
        tools.find_tool("cmake")


def test_quick_output() -> None:
    assert tools.output([sys.executable, "-c", "print(7)"]) == f"7{os.linesep}"
    with pytest.raises(ToolError):
        tools.output([sys.executable, "-c", "exit(1)"])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "print('usage\\nFATAL ERROR: no workspace\\n  - Run init', file=sys.stderr); exit(1)",
            ": FATAL ERROR: no workspace",
        ),
        ("print(None.err)", ": AttributeError: 'NoneType' object has no attribute 'err'"),
    ],
)
def test_what_is_said_of_a_quick_failure(code: str, said: str) -> None:
    with pytest.raises(ToolError) as caught:
        tools.output([sys.executable, "-c", f"import sys; {code}"])
    assert str(caught.value).endswith(said)
