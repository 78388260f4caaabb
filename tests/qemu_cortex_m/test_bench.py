# SPDX-License-Identifier: Apache-2.0
"""What models cost on a Cortex-M is compared between commits."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

from tests.bench import comparison

BENCH = pathlib.Path(__file__).parents[1] / "bench" / "cortex_m.py"
KEPT = BENCH.with_suffix(".json")
BOARD = "mps2_an386"
VECTOR_BOARD = "mps3_an547"


def compare(model: pathlib.Path, kept: pathlib.Path) -> subprocess.CompletedProcess[str]:
    boards = [f"--board={board}" for board in (BOARD, VECTOR_BOARD)]
    command = [sys.executable, BENCH, model, *boards, "--kept", kept]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_model_takes_more_instructions_than_before(
    tools: None, shared_models, require_module
) -> None:
    require_module("tvm", "compile models")
    for name in ("ad_int8", "kws_int8", "sww_int8", "kws_fp32"):
        done = compare(shared_models / f"{name}.tflite", KEPT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_more_instructions_than_before_are_an_error(
    tools: None, shared_models, require_module, tmp_path: pathlib.Path
) -> None:
    require_module("tvm", "compile models")
    figures = json.loads(KEPT.read_text(encoding="utf-8"))
    figures["sww_int8"][BOARD]["instructions"] //= 2
    (tmp_path / "kept.json").write_text(json.dumps(figures))
    done = compare(shared_models / "sww_int8.tflite", tmp_path / "kept.json")
    assert done.returncode == 1
    assert f"sww_int8 on {BOARD}: 2.000 of the instructions" in done.stderr


def test_the_page_that_compares_has_these_figures() -> None:
    text = comparison.PAGE.read_text(encoding="utf-8")
    assert comparison.page(text) == text, "run: python -m tests.bench.comparison --write"
