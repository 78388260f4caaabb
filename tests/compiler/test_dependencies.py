# SPDX-License-Identifier: Apache-2.0
"""What the compiler says of a TVM that it does not work with."""

from __future__ import annotations

import pathlib
import sys
import types

import pytest

from microtvm.compiler.dependencies import load
from microtvm.compiler.errors import MissingDependencyError


@pytest.mark.parametrize("version", ["0.18.0", "0.26.1", "0.28.0", "0.28.dev3", "1.0.0"])
def test_a_release_that_is_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which is installed, which work, and how to get one of those."""
    monkeypatch.setitem(sys.modules, "tvm", types.SimpleNamespace(__version__=version))
    with pytest.raises(MissingDependencyError) as caught:
        load("tvm", "compile a model")
    assert str(caught.value) == (
        f"TVM {version} is installed, but to compile a model takes one from 0.27 up to, and "
        "without, 0.28"
    )
    assert caught.value.hint == 'pip install "apache-tvm>=0.27,<0.28"'


def test_what_is_taken_is_what_is_pinned(
    repository: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert '"apache-tvm>=0.27,<0.28"' in (repository / "pyproject.toml").read_text()
    module = types.SimpleNamespace(__version__="0.27.3")
    monkeypatch.setitem(sys.modules, "tvm", module)
    assert load("tvm", "compile a model") is module
