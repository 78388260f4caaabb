# SPDX-License-Identifier: Apache-2.0
"""A tuner's many small projects in a row: each builds, answers, is timed, and leaves nothing.

``MICROTVM_TRIALS`` sets how many; the default keeps the test short. ``MICROTVM_TVM_PYTHON`` names
an interpreter that has TVM 0.18 with its compiler: AutoTVM itself then tunes on the host template.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import time
from typing import Any

import numpy as np
import pytest

from microtvm import ServerError, Session, get_microtvm_template_projects
from microtvm.trial import compile_and_create_micro_session
from tests.crt.conftest import Release
from tests.server_kit.pipe_driver import processes_below, wait_until
from tests.templates import tiny_model

TRIALS = int(os.environ.get("MICROTVM_TRIALS", "5"))
HOST = get_microtvm_template_projects("host")


def children() -> set[int]:
    """This process's children."""
    tasks = pathlib.Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def scratch(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Where temporary directories and the build cache go: nowhere else."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setenv("MICROTVM_CACHE_DIR", str(tmp_path / "cache"))
    return directory


def run_trials(scratch: pathlib.Path, use: Any, archive: bytes, crt: pathlib.Path | None) -> None:
    """Run them all and look for what is left."""
    before: dict[str, Any] = {}
    start = time.monotonic()
    for trial in range(TRIALS):
        options = {"project_type": "host_driven"}
        with compile_and_create_micro_session(
            archive, HOST, options, standalone_crt_dir=crt
        ) as session:
            use(session, trial)
        assert os.listdir(scratch) == []
        if trial == 0:  # what the first one loads or compiles stays
            before = {"descriptors": descriptors(), "children": children()}
            start = time.monotonic()
    print(f"{(time.monotonic() - start) / max(TRIALS - 1, 1):.2f} s a trial")
    assert {"descriptors": descriptors(), "children": children()} == before
    assert wait_until(lambda: not processes_below(scratch))
    assert len(os.listdir(os.environ["MICROTVM_CACHE_DIR"])) == 1, "compiled once"


def test_operators_of_tvm(
    newest: Release, shared_mlf: pathlib.Path, scratch: pathlib.Path, build_tools: None
) -> None:
    def use(session: Session, trial: int) -> None:
        a, b = np.random.default_rng(trial).random((2, 16, 16), dtype=np.float32)
        arguments = session.array(a), session.array(b), session.empty((16, 16))
        lib = session.get_system_lib()
        timing = {"number": 2, "repeat": 3, "min_repeat_ms": 5}
        times = lib.time_evaluator("matmul16", **timing)(*arguments).results
        assert len(times) == 3 and all(0 < seconds < 1 for seconds in times)
        np.testing.assert_allclose(arguments[2].numpy(), a @ b, rtol=1e-5)

    run_trials(scratch, use, (shared_mlf / "matmul_op.tar").read_bytes(), newest.crt)


def test_autotvm(scratch: pathlib.Path, build_tools: None) -> None:
    python = os.environ.get("MICROTVM_TVM_PYTHON")
    if not python:
        pytest.skip("MICROTVM_TVM_PYTHON names no interpreter with TVM 0.18")
    script = pathlib.Path(__file__).with_name("autotvm_trials.py")
    done = subprocess.run(
        [python, script, HOST, str(TRIALS)], stdout=subprocess.PIPE, check=True, cwd=scratch
    )
    result = json.loads(done.stdout.splitlines()[-1])
    print(f"{result['seconds_a_trial']:.2f} s a trial of AutoTVM")
    assert result["errors"] == [0] * TRIALS, result["said"]
    assert wait_until(lambda: not processes_below(scratch))
    assert len(os.listdir(os.environ["MICROTVM_CACHE_DIR"])) == 1, "compiled once"


def test_models_of_this_project(
    tmp_path: pathlib.Path, scratch: pathlib.Path, build_tools: None
) -> None:
    def use(session: Session, trial: int) -> None:
        executor = session.create_aot_executor()
        assert len(executor.time_evaluator("run", number=2, repeat=3)().results) == 3

    archive = tiny_model.write_archive(tmp_path / "tiny.tar")
    run_trials(scratch, use, archive.read_bytes(), None)


def test_pauses_and_least_times(
    newest: Release, shared_mlf: pathlib.Path, scratch: pathlib.Path, build_tools: None
) -> None:
    """They take the time they must: a cool-down after each result, min_repeat_ms for each."""
    archive = (shared_mlf / "matmul_op.tar").read_bytes()
    with compile_and_create_micro_session(archive, HOST, {}, standalone_crt_dir=newest.crt) as s:
        arguments = [s.array(np.ones((16, 16), np.float32)) for _ in range(3)]
        for timing, least in (
            ({"min_repeat_ms": 30, "repeat": 3}, 0.09),
            ({"cooldown_interval_ms": 40, "repeat": 4}, 0.16),
            ({"cooldown_interval_ms": 40, "repeat": 4, "repeats_to_cooldown": 2}, 0.08),
        ):
            evaluator = s.get_system_lib().time_evaluator("matmul16", number=1, **timing)
            start = time.monotonic()
            assert len(evaluator(*arguments).results) == timing["repeat"]
            assert least <= time.monotonic() - start < 60


def test_a_failed_trial_leaves_nothing(scratch: pathlib.Path, build_tools: None) -> None:
    before = descriptors(), children()
    trial = compile_and_create_micro_session(b"no archive", HOST)
    with pytest.raises(ServerError, match="is damaged or not a tar archive"), trial:
        pass
    assert (descriptors(), children()) == before
    assert os.listdir(scratch) == []


def test_an_existing_project(
    tmp_path: pathlib.Path, scratch: pathlib.Path, build_tools: None
) -> None:
    archive = tiny_model.write_archive(tmp_path / "tiny.tar").read_bytes()
    place = tmp_path / "kept"
    with compile_and_create_micro_session(archive, HOST, project_dir=place) as session:
        session.get_system_lib()
    assert (place / "build" / "main").exists() and os.listdir(scratch) == []
    with compile_and_create_micro_session(
        b"", HOST, project_dir=place, use_existing_project=True
    ) as session:
        session.create_aot_executor()
    nowhere = compile_and_create_micro_session(b"", HOST, use_existing_project=True)
    with pytest.raises(ValueError, match="which one is not said in project_dir"), nowhere:
        pass
