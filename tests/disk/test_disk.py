# SPDX-License-Identifier: Apache-2.0
"""A full or read-only disk is one sentence: the path, how much is free, what to do next."""

from __future__ import annotations

import errno
import os
import pathlib
from collections.abc import Callable

import pytest

from server_kit.disk import (
    UnwritableError,
    whole_file,
    why_not_written,
    why_tool_failed,
    write_text,
)
from tests.disk.conftest import Disk
from tests.templates import tiny_model

TEMPLATES = {
    "host": "--template host",
    "qemu_cortex_m": "--template qemu_cortex_m --project-option board=mps2_an385",
    "arduino": "--template arduino --project-option board=mega2560",
}
TOOLS = {
    "host": ("cmake", "ninja", "cc"),
    "qemu_cortex_m": ("cmake", "ninja", "arm-none-eabi-gcc"),
    "arduino": ("arduino-builder", "arduino-ctags", "avr-gcc"),
}
STAND_IN = pathlib.Path(__file__).parents[1] / "arduino" / "stand_in_arduino_cli.py"


@pytest.fixture()
def archive(tmp_path: pathlib.Path) -> str:
    """y = 2 x + 1."""
    return str(tiny_model.write_archive(tmp_path / "tiny.tar"))


def expect_full(lines: list[str], disk: Disk) -> None:
    """Expect one error, which names a path on the disk, its room, and what to do."""
    (line,) = [line for line in lines if "error" in line]
    assert "the disk of " + str(disk.path) in line and " is full (" in line and "free)" in line
    assert line.endswith("make room, or choose a directory on another disk")


@pytest.mark.parametrize("template", TEMPLATES)
def test_create(template: str, disk: Disk, archive: str) -> None:
    options = TEMPLATES[template]
    lines = disk.run(f'microtvm create project "{archive}" {options}; ls -A', size="100k")
    expect_full(lines, disk)
    assert len(lines) == 1  # nothing is left


@pytest.mark.parametrize("template", TEMPLATES)
def test_build(
    template: str,
    disk: Disk,
    archive: str,
    require: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first, and one that could do with what is there; both work when there is room."""
    for tool in TOOLS[template]:
        require(tool, f"build projects of the template {template}")
    if template == "arduino" and "ARDUINO_CLI" not in os.environ:
        monkeypatch.setenv("ARDUINO_CLI", str(STAND_IN))
    lines = disk.run(
        f'microtvm create project "{archive}" {TEMPLATES[template]} > /dev/null || exit\n'
        "fill 4; microtvm build project 2>&1 | cut -c-600\n"
        "rm fill; microtvm build project > out 2>&1 || cat out\n"
        "sources=$(find project -name tiny_lib0.c -o -name default_lib0.c)\n"
        '[ -n "$sources" ] || { find project -name "*lib0.c"; exit 1; }\n'
        "for file in $sources; do echo 'const char filler[30000] = {1};' >> $file; done\n"
        "echo between\n"
        "fill 4; microtvm build project 2>&1 | cut -c-600\n"
        "rm fill; microtvm build project > out 2>&1 || cat out\n",
        size="12m",
    )
    middle = lines.index("between")
    expect_full(lines[:middle], disk)
    expect_full(lines[middle:], disk)


def write_addition(path: pathlib.Path, count: int) -> None:
    """A model that adds constants to its input of shape (1, count)."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    constants = numpy_helper.from_array(np.arange(count, dtype=np.float32)[None] / 7, "c")
    tensors = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, count)) for n in "xy"]
    add = helper.make_node("Add", ["x", "c"], ["y"])
    graph = helper.make_graph([add], "add", tensors[:1], tensors[1:], [constants])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)


def test_compile(disk: Disk, tmp_path: pathlib.Path, require_module: Callable[..., object]) -> None:
    """The archive, which an older one outlives, and the directory of the check."""
    require_module("tvm", "compile a model")
    require_module("onnxruntime", "check a model's answers")
    model = tmp_path / "add.onnx"
    write_addition(model, 9000)
    lines = disk.run(
        f'echo old > model.tar; microtvm compile "{model}" -o model.tar --no-check; cat model.tar\n'
        f'ls -A; TMPDIR=$DISK microtvm compile "{model}" -o "{disk.path.parent}/other.tar"; ls -A',
        size="64k",
    )
    expect_full(lines[:1], disk)
    assert lines[0].startswith("microtvm: error: the archive ")
    assert lines[1:3] == ["old", "model.tar"]
    assert "the generated code cannot be written to" in lines[3] and "TMPDIR" in lines[3]
    assert lines[4:] == ["model.tar"] and not (disk.path.parent / "other.tar").exists()


def test_read_only(disk: Disk, archive: str, require: Callable[..., str]) -> None:
    """A file system, and permissions; a project that was built is run all the same."""
    for tool in (*TOOLS["host"], "setpriv"):
        require(tool, "build projects of the host template, and give up root's rights")
    steps = (
        f'NEW create other/project "{archive}" --template host',
        "NEW build project",
        "NEW build built",
        "NEW fork host mine --name mine",
    )
    lines = disk.run(
        f'microtvm create project "{archive}" --template host > /dev/null && mkdir other\n'
        "cp -r project built; microtvm build built > /dev/null\n"
        f"read_only\n{os.linesep.join(steps)}\nNEW flash built > /dev/null 2>&1 || echo no\n"
        "writable; chmod -R a-w .; echo between\n".replace("NEW", "microtvm")
        + "\n".join(steps).replace("NEW", "without_root")
        + "\ntrue"
    )
    middle = lines.index("between")
    for line in lines[:middle]:
        assert "on a file system that is read-only; mount it writable" in line, line
    for line in lines[middle + 1 :]:
        assert "this user may not write to" in line and "chmod u+w" in line, line
    assert middle == 4 and len(lines) == 9
    for line in (*lines[:middle], *lines[middle + 1 :]):
        assert str(disk.path) in line and line.startswith("microtvm: error: ")


_RUN = """
import pathlib, sys, pytest
sys.dont_write_bytecode = True
from hil_tests.report.collecting import Collector
collector = Collector(pathlib.Path("report").absolute(), [], "no board")
class Writing:
    @pytest.fixture
    def report_more(self):
        collector._write({"kind": "test", "message": "x" * 9000})
words = ["-q", "-p", "no:cacheprovider", "--junitxml=report/junit.xml", "test_it.py"]
print("status", int(pytest.main(words, plugins=[collector, Writing()])))
"""


def test_the_report_of_boards(disk: Disk) -> None:
    """Tests go on where it cannot be written any more; the run fails, and says why."""
    lines = disk.run(
        f"mkdir report; cat > run.py <<'END'\n{_RUN}END\n"
        "echo 'def test_it(report_more): pass' > test_it.py; fill 8\n"
        '"$PYTHON" run.py 2>&1; rm fill; read_only; "$PYTHON" run.py 2>&1\n'
    )
    end = next(number for number, line in enumerate(lines) if "status" in line)
    first, second = "\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :])
    assert "1 passed" in first and "INTERNALERROR" not in first and "status 1" in first
    assert f"hil: the report {disk.path}/report/report.jsonl ends too early: the disk of" in first
    assert "a file system that is read-only" in second and "INTERNALERROR" not in second, second


def test_a_file_is_whole_or_as_it_was(disk: Disk) -> None:
    """Of buffered writes the last fails when the file is closed."""
    lines = disk.run(
        'echo old > file; fill 4; "$PYTHON" - <<END\n'
        "import pathlib\nfrom server_kit.disk import UnwritableError, whole_file\n"
        "try:\n    with whole_file(pathlib.Path('file').absolute()) as file:\n"
        "        file.write(bytes(5000))\n"
        "except UnwritableError as error:\n    print(error)\nEND\ncat file; rm fill; ls -A\n"
    )
    assert lines[0].startswith(f"{disk.path}/file cannot be written: the disk of ")
    assert lines[1:] == ["old", "file"]


def test_what_is_interrupted_leaves_nothing(tmp_path: pathlib.Path) -> None:
    write_text(tmp_path / "file", "old")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "file") as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "old"
    with pytest.raises(UnwritableError, match="No such file"), whole_file(tmp_path / "no" / "file"):
        pass


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("cleaning build path: unlinkat /p/build: read-only file system", "that is read-only"),
        ("mkdir /p/build/core: permission denied", "this user may not write to"),
        ("as: can't create a.o: No space left on device", "is full ("),
        ("write /p/build/a.o: no space left on device", "is full ("),
        ("/dev/kvm: Permission denied", None),
    ],
)
def test_what_tools_say(
    said: str, why: str | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In C's words, or in Go's; what else is not permitted is another matter."""
    monkeypatch.setattr(os, "access", lambda path, mode: why is None)
    found = why_tool_failed(said, tmp_path)
    assert (found or "").find(why or "") >= 0 and (found is None) is (why is None)


def test_other_errors_are_not_the_disk_s(tmp_path: pathlib.Path) -> None:
    missing = OSError(errno.ENOENT, "No such file", str(tmp_path / "x"))
    assert why_not_written(missing, tmp_path) is None
    forbidden = OSError(errno.EACCES, "Permission denied", str(tmp_path))
    assert why_not_written(forbidden, tmp_path) is None  # it can be written
    quota = OSError(errno.EDQUOT, "Disk quota exceeded")
    assert "quota" in str(why_not_written(quota, tmp_path))
