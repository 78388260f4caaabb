# SPDX-License-Identifier: Apache-2.0
"""``compile_definitions`` come to what a user has given the compiler already."""

from __future__ import annotations

import io
import pathlib
import tarfile
from typing import Any

import pytest

from tests.arduino.conftest import generate

DEBIAN_S_CORE = pathlib.Path("/usr/share/arduino/hardware/arduino/avr")
# DECIMAL_DIG is what Debian's avr-gcc 5.4 lacks and its core wants.
LOCAL = """\
compiler.c.extra_flags=-DOF_THE_USER=7
of_the_user=-DOF_THE_USER=7
compiler.cpp.extra_flags=-DDECIMAL_DIG=9 {of_the_user}
"""
CHECK = """\
#if OF_THE_USER != 7 || OF_THE_OPTION != 3 || !defined(BARE)
#error "a definition is missing"
#endif
"""


@pytest.fixture()
def sketchbook(tmp_path: pathlib.Path, arduino_cli: str, monkeypatch: Any) -> pathlib.Path:
    """One with Debian's core and a ``platform.local.txt``, made the user's."""
    folder = tmp_path / "sketchbook"
    core = folder / "hardware/arduino/avr"
    core.mkdir(parents=True)
    for path in DEBIAN_S_CORE.iterdir():
        (core / path.name).symlink_to(path)
    (core / "platform.local.txt").write_text(LOCAL)
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(folder))
    return core / "platform.local.txt"


def checks(path: pathlib.Path) -> pathlib.Path:
    """An archive of files that compile only with all definitions: of the sketch and a library."""
    with tarfile.open(path, "w") as tar:
        for folder in ("firmware", "libraries/microtvm/src/runtime"):
            for suffix in ("c", "cpp"):
                member = tarfile.TarInfo(f"{folder}/check.{suffix}")
                member.size = len(CHECK)
                tar.addfile(member, io.BytesIO(CHECK.encode()))
    return path


def test_the_user_s_flags_stay(
    sketchbook: pathlib.Path, sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path
) -> None:
    options = {
        "project_type": "example_project",
        "compile_definitions": "-DOF_THE_OPTION=3 -DBARE",
        "extra_files_tar": str(checks(tmp_path / "checks.tar")),
    }
    with generate(sine_archive, tmp_path / "project", arduino_cli, **options) as project:
        project.build()
        sketchbook.write_text(LOCAL.replace("=7", "=8"))
        with pytest.raises(Exception, match="a definition is missing"):
            project.build()
