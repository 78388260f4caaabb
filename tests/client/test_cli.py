# SPDX-License-Identifier: Apache-2.0
"""The command, verb by verb, as a process of its own and on the real host template."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import signal
import subprocess
import time

import numpy as np
import pytest

from microtvm.options import FILE_NAME

from .conftest import Command, command_environment, command_line
from .test_project_api_client import wait_until_gone, write_server

VERBS = ("compile", "create", "build", "flash", "run", "info", "demo")
X = np.arange(12, dtype=np.float32).reshape(3, 4)


def only_json(ran: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("\n") == 1
    return json.loads(ran.stdout)


def error_of(ran: subprocess.CompletedProcess[str], status: int = 1) -> str:
    assert ran.returncode == status, (ran.stdout, ran.stderr)
    assert "Traceback" not in ran.stderr
    (line,) = [text for text in ran.stderr.splitlines() if text.startswith("microtvm")]
    assert line.startswith("microtvm: error: ")
    return line


@pytest.fixture
def inputs(tmp_path: pathlib.Path) -> pathlib.Path:
    np.savez(tmp_path / "in.npz", input=X, output=2 * X + 1)
    return tmp_path / "in.npz"


def test_help(command: Command) -> None:
    ran = command("--help")
    assert ran.returncode == 0
    assert all(verb in ran.stdout for verb in VERBS)
    assert "microtvm run my_project --inputs in.npz" in ran.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(command: Command, verb: str) -> None:
    ran = command(verb, "--help")
    assert ran.returncode == 0
    assert f"examples:\n  microtvm {verb}" in ran.stdout
    assert "--json" in ran.stdout


@pytest.mark.parametrize(
    "words", [(), ("fly",), ("run", "somewhere"), ("build",), ("build", "x", "--fast")]
)
def test_wrong_usage(command: Command, words: tuple[str, ...]) -> None:
    ran = command(*words)
    assert ran.returncode == 2
    assert "usage: microtvm" in ran.stderr
    assert ran.stdout == ""


def test_from_archive_to_answers(
    command: Command,
    archive: pathlib.Path,
    built: pathlib.Path,
    inputs: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    ran = command("create", "project", archive, "--template", "host")
    assert ran.returncode == 0, ran.stderr
    assert "project holds model default for platform host" in ran.stdout
    assert "next: microtvm build project" in ran.stdout
    ran = command("build", "project")
    assert ran.returncode == 0, ran.stderr
    assert "next: microtvm flash project" in ran.stdout
    ran = command("flash", "project")
    assert ran.returncode == 0
    assert "nothing to flash" in ran.stderr
    assert "next: microtvm run project --inputs" in ran.stdout
    ran = command("run", "project", "--inputs", inputs, "--outputs", "out.npz")
    assert ran.returncode == 0, ran.stderr
    assert "samples     3" in ran.stdout
    with np.load(tmp_path / "out.npz") as out:
        assert list(out) == ["output"]
        assert (out["output"] == 2 * X + 1).all()
    for text in (ran.stdout, ran.stderr):
        assert str(tmp_path) not in text


def test_what_cannot_be_run_is_not_advised_to_be(command: Command, archive: pathlib.Path) -> None:
    given = ("--project-option", "project_type=standalone")
    assert command("create", "alone", archive, "--template", "host", *given).returncode == 0
    assert command("build", "alone").returncode == 0
    said = command("flash", "alone").stdout
    assert "type standalone talks on its console" in said and "microtvm run alone" not in said


def test_json_is_all_there_is_on_stdout(
    command: Command, archive: pathlib.Path, inputs: pathlib.Path, built: pathlib.Path
) -> None:
    created = only_json(command("create", "project", archive, "--json"))
    assert (created["project"], created["platform"]) == ("project", "host")
    footprint = only_json(command("build", "project", "--json"))["footprint"]
    assert footprint["constant_bytes"] >= 16
    assert only_json(command("flash", "project", "--json"))["project"] == "project"
    ran = only_json(command("run", "project", "--inputs", inputs, "--json", "--repeat", 20000))
    assert ran["samples"] == 3
    assert ran["outputs"]["output"]["values"] == (2 * X + 1).tolist()
    assert ran["outputs"]["output"]["dtype"] == "float32"
    assert ran["outputs_file"] is None
    assert 0 < ran["device_ms_min"] <= ran["device_ms"] <= ran["device_ms_max"]
    assert ran["roundtrip_ms"] > 0
    assert ran["memory"]["high_water"] >= 32


def test_info(command: Command, archive: pathlib.Path, built: pathlib.Path) -> None:
    template = only_json(command("info", "host", "--json"))
    assert (template["kind"], template["platform"]) == ("template", "host")
    names = [option["name"] for option in template["options"]]
    assert "project_type" in names
    project = only_json(command("info", built, "--json"))
    assert (project["kind"], project["model"]["abi"]) == ("project", "device_kit.1")
    assert project["footprint"]["code_bytes"] > 0
    assert only_json(command("info", archive, "--json"))["model"]["inputs"][0]["shape"] == [4]
    text = command("info", "host").stdout
    assert "project_type (host_driven | standalone)" in text
    assert "used by generate_project" in text
    assert "required for" not in text  # whatever has a default is optional
    assert "required for generate_project" in command("info", "zephyr").stdout
    text = command("info", built).stdout
    assert "input       x: float32 (4,), 16 bytes" in text
    assert "as built:" in text


def test_one_sample_without_an_axis(
    command: Command, built: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    np.savez(tmp_path / "in.npz", x=X[1])
    command("run", built, "--inputs", "in.npz", "--outputs", "out.npz")
    with np.load(tmp_path / "out.npz") as out:
        assert out["output"].tolist() == (2 * X[1] + 1).tolist()


def test_samples_that_do_not_fit(
    command: Command, built: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    np.savez(tmp_path / "in.npz", input=np.zeros((3, 5), np.float32))
    error = error_of(command("run", built, "--inputs", "in.npz", "--outputs", "out.npz"))
    assert "has shape (3, 5); the model's input 'x' wants (4,), or (n, 4) for n samples" in error
    np.savez(tmp_path / "in.npz", input=np.zeros((3, 4)))
    error = error_of(command("run", built, "--inputs", "in.npz", "--outputs", "out.npz"))
    assert "is float64" in error
    assert "array.astype('float32')" in error
    assert not (tmp_path / "out.npz").exists()
    assert "there is no file" in error_of(command("run", built, "--inputs", "no.npz"))
    assert "--repeat" in error_of(command("run", built, "--inputs", "x", "--repeat", "0"), 2)


def test_options_are_checked(
    command: Command, archive: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    def create(*words: object) -> str:
        return error_of(command("create", "project", archive, *words))

    assert "(did you mean 'project_type'?)" in create("--project-option", "projct_type=x")
    error = create("--project-option", "project_type=hosted")
    assert "'project_type'" in error
    assert "'hosted'" in error
    assert "host_driven" in error
    assert "true or false" in create("--project-option", "verbose=perhaps")
    ran = command("create", "project", archive, "--project-option", "verbose")
    assert "NAME=VALUE" in error_of(ran, 2)
    assert os.listdir(tmp_path) == []


def test_an_option_that_a_verb_does_not_use(
    command: Command, built: pathlib.Path, inputs: pathlib.Path
) -> None:
    error = error_of(command("build", built, "--project-option", "project_type=standalone"), 2)
    assert "'project_type' changes nothing in build; it is used by generate_project" in error
    given = ("--project-option", "project_type=host_driven")  # what it is already
    assert command("flash", built, *given).returncode == 0
    error = error_of(command("run", built, "--inputs", inputs, "--project-option", "verbose=1"), 2)
    assert "'verbose' changes nothing in open_transport" in error


def test_the_option_verbose_shows_the_build(command: Command, built: pathlib.Path) -> None:
    assert "[" not in command("build", built).stderr
    ran = command("build", built, "--project-option", "verbose=true")
    assert ran.returncode == 0 and "ninja" in ran.stderr


def test_a_model_that_was_not_compiled(command: Command, tmp_path: pathlib.Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"TFL3")
    error = error_of(command("create", "project", "model.tflite"))
    assert "compile it first: microtvm compile model.tflite -o model.tar" in error
    assert not (tmp_path / "project").exists()


def test_options_are_remembered(
    command: Command, archive: pathlib.Path, inputs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "options.yaml").write_text("project_type: host_driven\nverbose: true\n")
    ran = command(
        "create",
        "--options-file",
        "options.yaml",
        "--project-option",
        "project_type=standalone",
        "warning_as_error=true",
        "project",
        archive,
    )
    assert ran.returncode == 0, ran.stderr
    kept = {"project_type": "standalone", "verbose": True, "warning_as_error": True}
    assert json.loads((tmp_path / "project" / FILE_NAME).read_text()) == kept
    values = only_json(command("info", "project", "--json"))["values"]
    assert values == kept
    assert "standalone" in error_of(command("run", "project", "--inputs", inputs))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("o.json", "{", "cannot be read"),
        ("o.yaml", "a: [", "cannot be read"),
        ("o.yaml", "- a", "holds no object"),
        ("o.json", '{"project_type": "hosted"}', "hosted"),
        ("o.json", '{"nothing": 1}', "no project option 'nothing'"),
    ],
)
def test_options_files_that_cannot_be_used(
    command: Command, archive: pathlib.Path, tmp_path: pathlib.Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    ran = command("create", "project", archive, "--options-file", name)
    assert says in error_of(ran)
    assert not (tmp_path / "project").exists()


def test_what_is_not_there(command: Command, archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    error = error_of(command("create", "project", "nothing.tar"))
    assert "the archive nothing.tar cannot be opened: No such file" in error
    error = error_of(command("create", "project", archive, "--template", "nothing"))
    assert "'nothing'" in error
    assert "host" in error
    (tmp_path / "empty").mkdir()
    for words in (("build", "empty"), ("create", "project", archive, "--template", "./empty")):
        assert "microtvm_api_server.py" in error_of(command(*words))
    assert "does not exist" in error_of(command("build", "nothing"))
    assert "nothing" in error_of(command("info", "nothing"))
    assert "is a file; name the directory" in error_of(command("build", archive))
    (tmp_path / "a.tflite").touch()
    for words in (("info", "a.tflite"), ("create", "project", "a.tflite")):
        assert "microtvm compile a.tflite" in error_of(command(*words))


def test_what_cannot_be_written_is_refused_before_the_work(command: Command) -> None:
    for place, why in ((".", "is a directory"), ("no/out", "there is no directory no")):
        assert why in error_of(command("compile", "nothing.onnx", "-o", place))
        assert why in error_of(command("run", "nothing", "--inputs", "x", "--outputs", place))


def test_a_template_where_a_project_is_wanted(
    command: Command, archive: pathlib.Path, built: pathlib.Path, repository: pathlib.Path
) -> None:
    template = repository / "templates" / "host"
    assert "is a template, not a generated project" in error_of(command("build", template))
    error = error_of(command("create", "project", archive, "--template", built))
    assert "is a generated project, not a template" in error


def test_a_project_directory_that_is_in_use(
    command: Command, archive: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "mine.txt").write_text("mine")
    assert "exist" in error_of(command("create", "project", archive))
    assert os.listdir(tmp_path / "project") == ["mine.txt"]


def test_a_template_of_a_stranger(
    command: Command, archive: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    answer = """
        INFO["is_template"] = True
        def answer(request):
            if request["method"] == "generate_project":
                os.mkdir(request["params"]["project_dir"])
            return {"result": INFO}
    """
    write_server(tmp_path / "theirs", answer)
    ran = command("create", "project", archive, "--template", "theirs")
    assert ran.returncode == 0, ran.stderr
    assert "platform stub" in ran.stdout


def test_a_server_that_dies(command: Command, tmp_path: pathlib.Path) -> None:
    write_server(tmp_path / "broken", "import no_such_module_here")
    error = error_of(command("build", "broken"))
    assert "No module named 'no_such_module_here'" in error
    ran = command("build", "broken", "--verbose")
    assert ran.returncode == 1
    assert "Traceback" in ran.stderr


def test_an_error_of_the_server(command: Command, tmp_path: pathlib.Path) -> None:
    answer = """
        def answer(request):
            if request["method"] == "server_info_query":
                return {"result": INFO}
            return {"error": {"code": -32000, "message": "the cable is missing",
                              "data": {"traceback": "deep inside the server"}}}
    """
    write_server(tmp_path / "theirs", answer)
    assert error_of(command("flash", "theirs")) == "microtvm: error: the cable is missing"
    assert "deep inside the server" in command("flash", "theirs", "-v").stderr


def test_ctrl_c(tmp_path: pathlib.Path) -> None:
    answer = """
        def answer(request):
            if request["method"] == "server_info_query":
                return {"result": INFO}
            with open("pid.tmp", "w") as file:
                file.write(str(os.getpid()))
            os.rename("pid.tmp", "pid")
            time.sleep(1)
            return {"result": None}
    """
    write_server(tmp_path / "slow", answer)
    process = subprocess.Popen(
        command_line("build", "slow"),
        cwd=tmp_path,
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run that was started in the background ignores Ctrl-C, and what it starts too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    end = time.monotonic() + 30
    while not (tmp_path / "slow" / "pid").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "microtvm: interrupted\n")
    assert wait_until_gone(int((tmp_path / "slow" / "pid").read_text()))


def test_a_reader_that_has_gone(tmp_path: pathlib.Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        command_line("info", "host"),
        cwd=tmp_path,
        env=command_environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_a_bar_on_a_terminal_and_lines_elsewhere(
    command: Command, built: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    np.savez(tmp_path / "in.npz", input=np.zeros((40, 4), np.float32))
    plain = command("run", built, "--inputs", "in.npz", "--outputs", "out.npz").stdout
    assert "run            20 of 40" in plain
    assert "\x1b" not in plain
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command_line("run", built, "--inputs", "in.npz", "--outputs", "out.npz"),
        cwd=tmp_path,
        env={**command_environment(), "TERM": "xterm", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # Linux: the other end is closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"40/40" in shown
    assert b"samples     40" in shown


def test_compile_says_what_is_missing(command: Command, tmp_path: pathlib.Path) -> None:
    error = error_of(command("compile", "nothing.tflite", "-o", "model.tar"))
    assert "nothing.tflite" in error
    assert "--shape wants" in error_of(
        command("compile", "m.onnx", "-o", "m.tar", "--shape", "x=a"), 2
    )
    assert os.listdir(tmp_path) == []
