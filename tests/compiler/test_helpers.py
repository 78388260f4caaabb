# SPDX-License-Identifier: Apache-2.0
"""The functions that generated kernels bring along."""

from __future__ import annotations

import ctypes
import pathlib
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from microtvm.compiler.emit.helpers import Helpers

WRAPPER = """
#include <math.h>
#include <stdint.h>
#include <string.h>
{helpers}
void apply(const float *x, float *y, int n);
void apply(const float *x, float *y, int n) {{
    for (int i = 0; i < n; i++) y[i] = {function}(x[i]);
}}
"""


@pytest.fixture(scope="module")
def exponential(
    require: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[np.ndarray], np.ndarray]:
    """The generated exponential, as a function of arrays of float32."""
    directory = tmp_path_factory.mktemp("helpers")
    helpers = Helpers()
    function = helpers.exponential()
    source = WRAPPER.format(helpers=helpers.text(), function=function)
    (directory / "helpers.c").write_text(source)
    command = [require("cc", "compile generated C"), "-std=c11", "-O2", "-ffp-contract=off"]
    warnings = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
    subprocess.run(
        [*command, *warnings, "-shared", "-fPIC", "-o", "helpers.so", "helpers.c", "-lm"],
        cwd=directory,
        check=True,
    )
    library = ctypes.CDLL(str(pathlib.Path(directory, "helpers.so")))

    def apply(x: np.ndarray) -> np.ndarray:
        y = np.empty_like(x)
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, y)]
        library.apply(*pointers, ctypes.c_int(x.size))
        return y

    return apply


def test_the_exponential_rounds_as_arithmetic_does(exponential) -> None:
    if np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant:
        pytest.skip("long double is no wider than double here; nothing to compare with")
    x = np.random.default_rng(0).uniform(-103.9, 88.7, 200_000).astype(np.float32)
    x = np.concatenate([x, np.random.default_rng(1).normal(0, 1e-3, 50_000).astype(np.float32)])
    with np.errstate(over="ignore"):
        wanted = np.exp(x.astype(np.longdouble)).astype(np.float32)
    # One in some millions lies so near to the middle of two floats that double cannot tell.
    assert (exponential(x) != wanted).sum() <= 1


def test_the_exponential_at_its_ends(exponential) -> None:
    x = np.array([0, -0.0, np.inf, -np.inf, np.nan, 88.72284, 88.8, 1e30, -150, -1e30], np.float32)
    with np.errstate(over="ignore"):
        wanted = np.exp(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(exponential(x), wanted)
