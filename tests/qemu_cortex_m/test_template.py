# SPDX-License-Identifier: Apache-2.0
"""Cortex-M boards under QEMU: the same answers and the same numbers of instructions, every time."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import microtvm
from microtvm import demo
from microtvm.cli import main
from tests.qemu_cortex_m.conftest import BOARDS, TEMPLATE
from tests.templates import tiny_model


def make_project(
    directory: pathlib.Path, archive: pathlib.Path, board: str, *options: str
) -> pathlib.Path:
    project = directory / board
    words = [f"--project-option={option}" for option in (f"board={board}", *options)]
    assert main(["create", str(project), str(archive), "--template", str(TEMPLATE), *words]) == 0
    assert main(["build", str(project)]) == 0
    return project


def run(
    project: pathlib.Path, inputs: pathlib.Path, capsys: pytest.CaptureFixture[str], *words: str
) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["run", str(project), "--inputs", str(inputs), "--json", *words]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("board", BOARDS)
def test_a_run_counts_instructions_and_always_the_same(
    board: str, tools: None, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tiny_model.write_archive(tmp_path / "model.tar")
    project = make_project(tmp_path, archive, board, "warning_as_error=true")
    inputs = tmp_path / "in.npz"
    np.savez(inputs, input=np.array([1, 2, 3, 4], np.float32))
    answers = [run(project, inputs, capsys, "--repeat", "20") for _ in range(2)]
    (output,) = answers[0]["outputs"].values()
    assert output["values"] == [3, 5, 7, 9]
    counts = {count for answer in answers for count in answer["device_instructions"]}
    assert len(counts) == 1 and 50 < counts.pop() < 1000
    assert answers[0]["device_clock"] == "instructions" and answers[0]["device_ms"] is None
    assert main(["run", str(project), "--inputs", str(inputs)]) == 0
    assert "instructions per inference" in capsys.readouterr().out


@pytest.mark.parametrize("board", BOARDS)
def test_digits_are_answered_as_numpy_does(
    board: str, tools: None, require_module, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile a model")
    images, _ = demo.load_images()
    weights, _ = demo.load_weights()
    archive = microtvm.export_model_library_format(demo.compiled_model(), tmp_path / "model.tar")
    project_dir = make_project(tmp_path, archive, board)
    with (
        microtvm.GeneratedProject.from_directory(project_dir, {}) as project,
        microtvm.Session(project.transport()) as session,
    ):
        executor = microtvm.create_local_aot_executor(session)
        answers = []
        for image in images[:8]:
            executor.set_input(0, image.reshape(executor.get_input(0).shape))
            executor.run()
            answers.append(executor.get_output(0).numpy()[0])
    wanted = demo.reference(weights, images[:8])
    np.testing.assert_allclose(answers, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("board", BOARDS)
def test_int8_answers_are_litert_s(
    board: str, tools: None, shared_models, compiled_model, tmp_path, capsys
) -> None:
    archive = tmp_path / "model.tar"
    microtvm.export_model_library_format(compiled_model("sww_int8"), archive)
    project = make_project(tmp_path, archive, board)
    golden = np.load(shared_models / "sww_int8.golden.npz")
    np.savez(tmp_path / "in.npz", input=golden["input"])
    answers = run(project, tmp_path / "in.npz", capsys, "--outputs", str(tmp_path / "out.npz"))
    assert answers["samples"] == len(golden["input"])
    np.testing.assert_array_equal(np.load(tmp_path / "out.npz")["output"], golden["output"])


def test_standalone_firmware_answers_by_itself(
    tools: None, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import subprocess

    archive = tiny_model.write_archive(tmp_path / "model.tar")
    project = make_project(tmp_path, archive, "mps2_an386", "project_type=standalone")
    np.savez(tmp_path / "in.npz", input=np.zeros(4, np.float32))
    capsys.readouterr()
    assert main(["run", str(project), "--inputs", str(tmp_path / "in.npz")]) == 1
    said = capsys.readouterr().err
    assert "a standalone project has no RPC server" in said
    (command,) = (part for part in said.split(": run ")[1:2])
    words = command.split(", or generate")[0].split()
    done = subprocess.run(words, input=b"", capture_output=True, timeout=60, check=False)
    assert done.stdout.decode() == "y: 1 1 1 1\n"


def test_standalone_firmware_keeps_inputs_in_the_arena(
    tools: None, shared_models, compiled_model, tmp_path: pathlib.Path, capsys
) -> None:
    """Read from standard input to where activations lie later; the answer is LiteRT's."""
    import subprocess

    archive = tmp_path / "model.tar"
    compiled = compiled_model("kws_int8")
    microtvm.export_model_library_format(compiled, archive)
    project = make_project(tmp_path, archive, "mps2_an386", "project_type=standalone")
    golden = np.load(shared_models / "kws_int8.golden.npz")
    np.savez(tmp_path / "in.npz", input=golden["input"][:1])
    capsys.readouterr()
    assert main(["run", str(project), "--inputs", str(tmp_path / "in.npz")]) == 1
    words = capsys.readouterr().err.split(": run ")[1].split(", or generate")[0].split()
    sample = golden["input"][3].tobytes()
    done = subprocess.run(words, input=sample, capture_output=True, timeout=60, check=False)
    name, _, numbers = done.stdout.decode().rpartition(":")
    assert name == compiled.outputs[0].name, done.stderr.decode()
    assert [int(number) for number in numbers.split()] == golden["output"][3].ravel().tolist()
    (elf,) = (word for word in words if word.endswith(("main", ".elf")))
    symbols = subprocess.run(["nm", elf], capture_output=True, text=True, check=True).stdout
    assert "tvmgen_default_map_inputs" in symbols  # which only that plan has


def test_a_project_that_was_not_built_says_so(tmp_path: pathlib.Path, capsys, tools: None) -> None:
    archive = tiny_model.write_archive(tmp_path / "model.tar")
    project = tmp_path / "project"
    assert main(["create", str(project), str(archive), "--template", str(TEMPLATE)]) == 0
    np.savez(tmp_path / "in.npz", input=np.zeros(4, np.float32))
    assert main(["run", str(project), "--inputs", str(tmp_path / "in.npz")]) == 1
    assert "call build first" in capsys.readouterr().err
