# SPDX-License-Identifier: Apache-2.0
"""Integer arithmetic and casts on whatever values: what C leaves open is defined, and is NumPy's
and onnxruntime's result. Compiled with UndefinedBehaviorSanitizer, which ends the program."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

import microtvm
from microtvm.compiler import CompiledModel
from microtvm.compiler.verify.host_build import HostBuild

I32 = np.iinfo(np.int32)
EDGES = np.array([I32.min, -2, -1, 0, 1, 2, 46341, I32.max], np.int32)


def _run(compiled: CompiledModel, monkeypatch: pytest.MonkeyPatch, *inputs: np.ndarray):
    monkeypatch.setenv("CC", "gcc -fsanitize=undefined -fno-sanitize-recover=all")
    with HostBuild(compiled) as build:
        return [array[0] for array in build.answers([array[None] for array in inputs])]


@pytest.fixture
def sanitizer(require: Callable[..., str], tmp_path: pathlib.Path) -> None:
    require("gcc", "compile with a sanitizer")
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 0; }")
    arguments = ["gcc", "-fsanitize=undefined", str(source), "-o", str(tmp_path / "main")]
    subprocess.run(arguments, check=True)


def test_integer_arithmetic_wraps(relax_main, sanitizer, monkeypatch):
    from tvm import relax

    op = relax.op
    a, b = (array.ravel() for array in np.meshgrid(EDGES, EDGES))
    types = {"a": (a.shape, "int32"), "b": (b.shape, "int32")}
    compiled = microtvm.compile(
        relax_main(types, lambda a, b: [op.add(a, b), op.subtract(a, b), op.multiply(a, b)])
    )
    with np.errstate(all="ignore"):
        wanted = [a + b, a - b, a * b]
    for ours, numpy in zip(_run(compiled, monkeypatch, a, b), wanted, strict=True):
        np.testing.assert_array_equal(ours, numpy)


def test_narrow_products_do_not_overflow_on_the_way(relax_main, sanitizer, monkeypatch):
    from tvm import relax

    a = np.array([65535, 65535, 3], np.uint16)
    compiled = microtvm.compile(
        relax_main({"a": (a.shape, "uint16")}, lambda a: relax.op.multiply(a, a))
    )
    (ours,) = _run(compiled, monkeypatch, a)
    np.testing.assert_array_equal(ours, a * a)


def test_the_smallest_number_divided_by_minus_one(relax_main, sanitizer, monkeypatch):
    from tvm import relax

    a = np.array([I32.min, I32.min, 7, -7], np.int32)
    b = np.array([-1, 2, -1, 2], np.int32)
    types = {"a": (a.shape, "int32"), "b": (b.shape, "int32")}
    compiled = microtvm.compile(relax_main(types, relax.op.divide))
    (ours,) = _run(compiled, monkeypatch, a, b)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ours, [I32.min, I32.min // 2, -7, -3])


VALUES = np.float32(
    [0.5, -0.5, 127.9, 128, 200, 255, 256, -129, 65536, 3e9, -3e9, 1e19, np.inf, -np.inf, np.nan]
)


@pytest.mark.parametrize("target", ["int8", "uint8", "int16", "int32", "int64", "uint32"])
def test_casts_of_any_float(target, relax_main, sanitizer, monkeypatch, require_module, tmp_path):
    from tvm import relax

    compiled = microtvm.compile(
        relax_main({"a": (VALUES.shape, "float32")}, lambda a: relax.op.astype(a, target))
    )
    (ours,) = _run(compiled, monkeypatch, VALUES)
    wide = np.int64 if target in ("int64", "uint32") else np.int32
    limits = np.iinfo(wide)
    wanted = []
    for value in VALUES.astype(np.float64):
        fits = np.isfinite(value) and limits.min <= np.trunc(value) <= limits.max
        fits = fits and abs(value) < 2.0**63
        wanted.append(int(value) if fits else limits.min)
    np.testing.assert_array_equal(ours, np.array(wanted, wide).astype(target))
