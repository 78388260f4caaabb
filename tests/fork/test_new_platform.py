# SPDX-License-Identifier: Apache-2.0
"""docs/new_platform.md, done as it says: its blocks are applied, its checks are run."""

from __future__ import annotations

import pathlib
import re
import subprocess
from typing import Callable

import pytest

from microtvm.check import tiny_archive
from microtvm.cli import main

_SECTION = re.compile(r"^## (\d)\. .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def apply(section: str, template: pathlib.Path) -> list[str]:
    """Write and change the files that a section names."""
    done = []
    for language, name, text in _BLOCK.findall(section):
        file = template / name
        if language == "diff":
            for hunk in text.split("@@\n"):
                lines = hunk.splitlines()
                before = "\n".join(line[1:] for line in lines if line[0] == "-")
                after = "\n".join(line[1:] for line in lines if line[0] == "+")
                whole = file.read_text()
                assert whole.count(before) == 1, f"{name} holds this not once: {before}"
                file.write_text(whole.replace(before, after))
        elif language == "append":
            file.write_text(file.read_text() + text)
        else:
            file.write_text(text)
        done.append(name)
    return done


def test_the_walk_ends_at_a_working_port(
    tmp_path: pathlib.Path,
    repository: pathlib.Path,
    require: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for tool in ("cmake", "ninja", "arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool, "follow docs/new_platform.md")
    document = (repository / "docs" / "new_platform.md").read_text(encoding="utf-8")
    sections = {match[1]: match[0] for match in _SECTION.finditer(document)}
    monkeypatch.chdir(tmp_path)
    template = tmp_path / "my_template"

    assert main(["fork", "host", "my_template", "--name", "mps2"]) == 0

    assert apply(sections["1"], template) == ["boards.json", "microtvm_api_server.py"]
    assert main(["info", "my_template"]) == 0
    assert "board (mps2_an385)" in capsys.readouterr().out

    assert len(apply(sections["2"], template)) == 4
    assert main(["check", "my_template", "--only", "build.builds"]) == 1
    assert "src/platform.c" in capsys.readouterr().out

    assert apply(sections["3"], template) == ["src/platform.c"]
    assert main(["check", "my_template", "--only", "build"]) == 0

    tiny_archive.write(tmp_path / "model.tar")
    assert main(["create", "my_project", "model.tar", "--template", "my_template"]) == 0
    assert main(["build", "my_project"]) == 0
    (command,) = re.findall(
        r"qemu-system-arm -machine.*?my_project/build/main", sections["4"], re.S
    )
    greeting = listen(command.replace("\\\n", "").split(), tmp_path)
    (shown,) = re.findall(r"^00000000: ((?:[0-9a-f]{4} )+)", sections["4"], re.MULTILINE)
    assert greeting == bytes.fromhex(shown)

    assert apply(sections["5"], template) == ["microtvm_api_server.py"]
    words = ["--only", "device.session", "--only", "device.model", "--only", "info"]
    assert main(["check", "my_template", *words]) == 0


def listen(command: list[str], directory: pathlib.Path) -> bytes:
    """What firmware says by itself within a moment."""
    with subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read(12)
        process.terminate()
    return said
