# SPDX-License-Identifier: Apache-2.0
"""``warning_as_error``: warnings about the project's own code, and no others."""

from __future__ import annotations

import io
import pathlib
import tarfile

import pytest

from tests.arduino.conftest import ERRORS, generate

# NOT of Arduino: another library that the sketch includes, with the same fault as the sketch's own.
UNUSED = "static void unused_in_%s(void) {}\n"
FILES = {
    "firmware/own.cpp": "#include <other.h>\n",
    "libraries/other/src/other.h": "",
    "libraries/other/src/other.cpp": UNUSED % "other",
    "libraries/other/library.properties": "name=other\nversion=1.0.0\nauthor=a\nmaintainer=a\n",
}


def test_only_own_code_counts(
    sine_archive: pathlib.Path, arduino_cli: str, tmp_path: pathlib.Path
) -> None:
    with tarfile.open(tmp_path / "files.tar", "w") as tar:
        for name, text in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    target = tmp_path / "firmware" / "project"  # a path that says nothing of the sketch
    options = {"extra_files_tar": str(tmp_path / "files.tar"), "warning_as_error": True}
    options["project_type"] = "example_project"
    with generate(sine_archive, target, arduino_cli, **options) as project:
        project.build()
        own = target / "firmware" / "own.cpp"
        own.write_text(own.read_text() + UNUSED % "own")
        with pytest.raises(ERRORS, match="warning_as_error: .*own.cpp.*unused_in_own"):
            project.build()
