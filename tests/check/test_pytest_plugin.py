# SPDX-License-Identifier: Apache-2.0
"""The conformance kit as a pytest plugin, in a pytest of its own that finds it as installed."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from microtvm.check.clause import all_clauses

PLUGIN = "microtvm.check.pytest_plugin"


def run(
    directory: pathlib.Path, repository: pathlib.Path, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *words],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(repository), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_clause_is_a_test(
    bad_template: pathlib.Path, repository: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    done = run(
        tmp_path,
        repository,
        "--microtvm-template",
        str(bad_template),
        "--microtvm-option",
        "flavour=plain",
        "-k",
        "info. or jsonrpc.notification or jsonrpc.batch",
        MICROTVM_BAD="jsonrpc.notification",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    passed = [c.id for c in all_clauses() if c.id.startswith("info.") or c.id == "jsonrpc.batch"]
    assert "::info.fields" in done.stdout and f"1 failed, {len(passed)} passed" in done.stdout
    assert "a notification was answered" in done.stdout
    assert "make_coffee" in done.stdout  # the transcript
    assert "Traceback" not in done.stdout


def test_what_is_only_recommended_is_an_expected_failure(
    bad_template: pathlib.Path, repository: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    words = ["--microtvm-template", str(bad_template), "--microtvm-option", "flavour=plain"]
    done = run(tmp_path, repository, *words, "-k", "jsonrpc.batch", MICROTVM_BAD="jsonrpc.batch")
    assert done.returncode == 0 and "1 xfailed" in done.stdout, done.stdout + done.stderr


def test_missing_options_end_the_run(
    bad_template: pathlib.Path, repository: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    done = run(tmp_path, repository, "--microtvm-template", str(bad_template))
    assert done.returncode == 4 and "'flavour'" in done.stdout + done.stderr


def test_nothing_is_imported_where_it_is_not_used(
    repository: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n"
        "def test_nothing():\n"
        "    ours = {n for n in sys.modules if n.split('.')[0] in ('microtvm', 'server_kit')}\n"
        f"    assert ours == {{'microtvm', 'microtvm.check', {PLUGIN!r}}}\n"
    )
    done = run(tmp_path, repository)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
