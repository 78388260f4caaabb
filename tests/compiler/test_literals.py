# SPDX-License-Identifier: Apache-2.0
"""Constants in the generated C are exact to the last bit."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microtvm.compiler import compile
from microtvm.compiler.emit.literals import floating, initializer, integer, missing_macros

# 7 significant digits do not tell these from their neighbours; and the ends of the range.
FLOAT32 = [
    0.39101523160934448,
    0.1,
    1 / 3,
    -0.0,
    1.17549435e-38,  # smallest normal
    1.401298464324817e-45,  # smallest subnormal
    3.4028234663852886e38,
    16777217.0,
    -123456.789,
    float("inf"),
    float("-inf"),
    float("nan"),
]
FLOAT64 = [0.1, 5e-324, 1.7976931348623157e308, -1 / 3, float("inf"), float("nan"), -0.0]
INT64 = [0, -1, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63), -(2**31) - 1]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float32_text_reads_back_as_the_same_bits(value):
    text = floating(value, "float32")
    assert text.endswith("f")
    assert np.float32(float.fromhex(text[:-1])).tobytes() == np.float32(value).tobytes()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float64_text_reads_back_as_the_same_bits(value):
    assert np.float64(float.fromhex(floating(value, "float64"))).tobytes() == (
        np.float64(value).tobytes()
    )


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (-(2**31), "int32", "(-2147483647 - 1)"),
        (-(2**63), "int64", "(-INT64_C(9223372036854775807) - 1)"),
        (-(2**31), "int64", "(-INT64_C(2147483648))"),
        (2**64 - 1, "uint64", "UINT64_C(18446744073709551615)"),
        (2**32 - 1, "uint32", "4294967295u"),
        (255, "uint8", "255"),
        (-128, "int8", "-128"),
        (1, "bool", "true"),
    ],
)
def test_integer_text(value, dtype, text):
    assert integer(value, dtype) == text


def test_long_arrays_are_broken_into_lines():
    lines = initializer(np.arange(1000, dtype=np.int32)).splitlines()
    assert max(map(len, lines)) <= 100
    assert " ".join(lines).split(",")[999].strip() == "999"


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("float32", FLOAT32),
        ("float64", FLOAT64),
        ("int64", INT64),
        ("int8", list(range(-128, 128))),
        ("uint8", list(range(256))),
        ("uint64", [0, 2**63, 2**64 - 1]),
        ("bool", [True, False, True]),
    ],
)
def test_constant_tensors_arrive_bit_for_bit(build, relax_main, dtype, values):
    """A tensor from the model, copied out by the compiled C."""
    from tvm import relax

    array = np.array(values, dtype)
    module = relax_main({"x": ((1,), "float32")}, lambda x: [relax.const(array, dtype), x])
    result = build(compile(module))(np.zeros(1, np.float32))[0]
    nan = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    assert np.array_equal(result[~nan].view(np.uint8), array[~nan].view(np.uint8))
    assert result.dtype.kind != "f" or np.isnan(result[nan]).all()


@pytest.mark.parametrize("value", [v for v in FLOAT32 if v == v])
def test_constants_inside_kernels_are_exact(build, relax_main, value):
    """A scalar that TVM puts into the kernel's text."""
    from tvm import relax

    module = relax_main(
        {"x": ((1,), "float32")},
        lambda x: relax.op.multiply(x, relax.const(np.float32(value), "float32")),
    )
    result = build(compile(module))(np.ones(1, np.float32))[0]
    assert result.tobytes() == np.array([value], np.float32).tobytes()


def test_macros_that_a_c_library_lacks_are_the_compilers(
    require: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    """Zephyr's minimal <math.h> defines none of them; one that does is left alone."""
    body = "int main(void) { return !(INFINITY > 3e38f && isnan(NAN) && !isnan(INFINITY)); }\n"
    text = f"#include <math.h>\n{missing_macros(body)}{body}"
    (tmp_path / "main.c").write_text(text)
    (tmp_path / "minimal").mkdir()
    (tmp_path / "minimal" / "math.h").write_text("float sqrtf(float square);\n")
    compiler = require("cc", "compile generated C")
    for include in ([f"-I{tmp_path / 'minimal'}"], []):
        words = [compiler, "-std=c11", "-Wall", "-Werror", *include, "main.c", "-o", "program"]
        subprocess.run(words, cwd=tmp_path, check=True)
        subprocess.run([tmp_path / "program"], check=True)
    assert missing_macros("int8_t INFINITY_8;") == ""
