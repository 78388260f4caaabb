# SPDX-License-Identifier: Apache-2.0
"""What two templates need stands once, below both."""

from __future__ import annotations

import ast
import itertools
import pathlib
import re

import pytest

from tests.conftest import REPOSITORY

TEMPLATES = sorted(path.parent for path in REPOSITORY.glob("templates/*/microtvm_api_server.py"))
MOST_LINES = 5
MOST_GENERATE_LINES = 25
_IMPORT = re.compile(r"^from [\w.]+ import (?:\([^)]*\)|.*)$|^import .*$|^#include .*$", re.M)
_LICENCE = "SPDX-License-Identifier"


def own_files(template: pathlib.Path) -> list[pathlib.Path]:
    """Its code; what links lead to stands elsewhere."""
    kinds = (".py", ".c", ".h", ".cpp", ".ino", ".ld", ".cmake", ".txt")
    return [
        path
        for path in sorted(template.rglob("*"))
        if path.suffix in kinds
        and path.is_file()
        and not any(one.is_symlink() for one in (path, *path.parents))
        and "__pycache__" not in path.parts
    ]


def runs(path: pathlib.Path) -> dict[tuple[str, ...], str]:
    """All runs of lines that are too long to stand twice, without blank ones and imports."""
    lines = [
        line.strip()
        for line in _IMPORT.sub("", path.read_text(encoding="utf-8")).splitlines()
        if line.strip() and _LICENCE not in line
    ]
    size = MOST_LINES + 1
    return {tuple(lines[i : i + size]): path.name for i in range(len(lines) - size + 1)}


def test_nothing_stands_in_two_templates() -> None:
    assert len(TEMPLATES) >= 4
    found = {
        template.name: {
            run: name for path in own_files(template) for run, name in runs(path).items()
        }
        for template in TEMPLATES
    }
    assert all(len(of_one) > 50 for of_one in found.values())
    for (one, runs_one), (other, runs_other) in itertools.combinations(found.items(), 2):
        both = [(runs_one[run], "\n".join(run)) for run in runs_one.keys() & runs_other.keys()]
        assert not both, f"{one} and {other} both have:\n{both[0][0]}:\n{both[0][1]}"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_generate_project_says_what_is_the_templates_own(template: pathlib.Path) -> None:
    tree = ast.parse((template / "microtvm_api_server.py").read_text(encoding="utf-8"))
    (method,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "generate_project"
    ]
    assert method.end_lineno - method.lineno + 1 <= MOST_GENERATE_LINES
