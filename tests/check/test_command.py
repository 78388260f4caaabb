# SPDX-License-Identifier: Apache-2.0
"""``microtvm check`` from the command line."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import xml.etree.ElementTree as ElementTree
from typing import cast

import pytest

from microtvm.check.clause import all_clauses
from microtvm.check.runner import Progress, Result, Verdict
from microtvm.check.work import Meter, Work
from microtvm.check.workbench import Workbench
from microtvm.cli import main

FLAVOUR = ["--project-option", "flavour=plain"]


def test_the_host_template_keeps_every_clause(
    tools: None, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit = tmp_path / "result.xml"
    status = main(["check", "host", "--json", "--junit", str(junit)])
    told = capsys.readouterr()
    result = json.loads(told.out)
    failing = {c["id"]: c["detail"] for c in result["clauses"] if c["result"] == "fails"}
    assert status == 0 and not failing
    idle = {c["id"]: c["detail"] for c in result["clauses"] if c["result"] == "not applicable"}
    assert set(idle) == {"options.missing"}
    assert len(result["clauses"]) == len(all_clauses()) == sum(result["totals"].values())

    suite = ElementTree.parse(junit).getroot()
    assert suite.attrib["tests"] == str(len(result["clauses"]))
    assert suite.attrib["failures"] == "0" and suite.attrib["skipped"] == "1"
    assert {case.attrib["name"] for case in suite} == {c["id"] for c in result["clauses"]}


def test_a_clause_that_fails(
    bad_template: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MICROTVM_BAD", "info.protocol_version")
    junit = tmp_path / "result.xml"
    words = ["check", str(bad_template), *FLAVOUR, "--only", "info", "--junit", str(junit)]
    assert main(words) == 1
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert any(line.startswith("holds  info.fields ") for line in lines)
    (failed,) = [number for number, line in enumerate(lines) if line.startswith("FAILS  info.pro")]
    assert [line.split()[0] for line in lines[failed + 1 : failed + 4]] == [
        "seen:",
        "do:",
        "source:",
    ]
    assert "it is 2" in lines[failed + 1] and "RFC" not in lines[failed + 3]
    assert lines[-2].startswith("8 clauses hold, 1 fail, ")
    assert lines[-1].endswith(
        "--project-option flavour=plain --only info.protocol_version --verbose"
    )
    assert "info.protocol_version" in told.err

    suite = ElementTree.parse(junit).getroot()
    (failure,) = suite.iter("failure")
    assert suite.attrib["failures"] == "1" and "it is 2" in failure.attrib["message"]


def test_what_is_recommended_does_not_fail_the_check(
    bad_template: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MICROTVM_BAD", "jsonrpc.batch")
    assert main(["check", str(bad_template), *FLAVOUR, "--only", "jsonrpc.batch"]) == 0
    assert "lacks  jsonrpc.batch" in capsys.readouterr().out


def test_the_transcript_of_one_clause(
    bad_template: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["check", str(bad_template), *FLAVOUR, "--only", "jsonrpc.unknown_method", "--verbose"]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert '-> {"jsonrpc": "2.0", "method": "make_coffee"' in told and '<- {"jsonrpc"' in told


def test_required_options_are_named_before_anything_runs(
    bad_template: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(bad_template)]) == 2
    told = capsys.readouterr()
    assert told.out == "" and "'flavour' (Any word.)" in told.err and "Traceback" not in told.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name the TEMPLATE_DIR"),
        (["host", "--only", "transprot"], "no clause and no group 'transprot'"),
        (["host", "--project-option", "bord=x"], "no project option 'bord'"),
    ],
)
def test_wrong_usage(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *words]) == 2
    assert complaint in capsys.readouterr().err


def test_a_directory_without_a_usable_server(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path)]) == 1
    assert "holds no microtvm_api_server.py" in capsys.readouterr().err
    (tmp_path / "microtvm_api_server.py").write_text("import no_such_module\n")
    assert main(["check", str(tmp_path)]) == 1
    assert "No module named 'no_such_module'" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--model", "--standalone-crt-dir"])
def test_a_path_that_does_not_exist(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "host", flag, "no/such/place"]) == 1
    told = capsys.readouterr()
    assert "no/such/place" in told.err and told.out == ""


def test_the_list_names_sources_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["clauses"]
    assert [entry["id"] for entry in listed] == [clause.id for clause in all_clauses()]
    for entry in listed:
        assert entry["statement"].endswith(".") and entry["source"]
        assert entry["level"] in ("required", "recommended")
    assert main(["check", "--list", "--only", "device"]) == 0
    assert "device.mebibyte" in capsys.readouterr().out


def test_documents_count_all_clauses(repository: pathlib.Path) -> None:
    sums = re.findall(
        r"^(\d+) clauses hold, 0 fail, 0 recommended ones are lacking, (\d+) do not apply",
        (repository / "docs" / "new_platform.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(sums) >= 2
    assert {int(holding) + int(idle) for holding, idle in sums} == {len(all_clauses())}


class FakeBench:
    """FAKE: what Progress asks of a workbench."""

    def __init__(self) -> None:
        self.meter = Meter()


def test_what_remains_is_estimated_from_what_was_built() -> None:
    """Of three clauses after the first one generates, builds, and builds again."""
    work = Work(generations=2, builds=1, rebuilds=1)
    light = [clause for clause in all_clauses() if clause.effort == Work()][:3]
    clauses = [*light, dataclasses.replace(light[0], effort=lambda bench: work)]
    bench = cast(Workbench, FakeBench())
    progress = Progress(clauses, bench)
    results = [Result(clause, Verdict.HOLDS, "", "", 2.0) for clause in clauses]
    assert progress.add(results[0]) == (
        "1 of 4 clauses in 0:00; the first build will tell how long the rest takes"
    )
    project = pathlib.Path("project")
    for method, seconds in (
        ("generate_project", 4.0),
        ("generate_project", 6.0),
        ("build", 60.0),
        ("build", 8.0),
        ("flash", 100.0),  # no more than any call
    ):
        bench.meter.note(project, method, seconds)
    second = dataclasses.replace(results[1], seconds=82.0)  # 4 beside these
    assert progress.add(second) == "2 of 4 clauses in 0:00, about 1:24 left"
    progress.add(results[2])
    assert progress.add(results[3]) == "4 of 4 clauses in 0:00"
