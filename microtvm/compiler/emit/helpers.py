# SPDX-License-Identifier: Apache-2.0
"""Small C functions that kernels call; only those in use are emitted."""

from __future__ import annotations

import math

from ..dtypes import ELEMENT_TYPES, element_type
from .literals import floating

_EXPONENTIAL = "exp_float32"
_STEPS = 32


class Helpers:
    """The helper functions that a source file has come to need."""

    #: Names that a kernel's variables may not have.
    RESERVED = frozenset(
        f"{kind}_{dtype}" for kind in ("min", "max") for dtype in ELEMENT_TYPES
    ) | {_EXPONENTIAL}

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def extremum(self, kind: str, dtype: str) -> str:
        """Name of the function for ``min`` or ``max`` of two values.

        A function rather than a conditional expression, which would name its operands twice:
        nested, as clipping and requantizing are, those grow exponentially. A NaN as the first
        operand gives the second one, as TVM's own C code has it.
        """
        name = f"{kind}_{dtype}"
        c = element_type(dtype).c
        sign = "<" if kind == "min" else ">"
        self._texts[name] = (
            f"static inline {c} {name}({c} a, {c} b) {{ return a {sign} b ? a : b; }}"
        )
        return name

    def exponential(self) -> str:
        """Name of the function for ``expf``.

        Not the C library's: those for small chips are off in the last bit for one value in ten,
        and a softmax would answer differently on each kind of board. With k whole and r small,
        exp(x) = 2^(k / 32) exp(r): the power from a table, exp(r) from its Taylor series, all in
        double, so that rounding to float is the only error that shows. Nothing of <math.h>, which
        the smallest C libraries have next to nothing in.
        """
        powers = ",\n        ".join(floating(2 ** (i / _STEPS), "float64") for i in range(_STEPS))
        per_step = math.log(2) / _STEPS
        third, fourth = (floating(1 / math.factorial(n), "float64") for n in (3, 4))
        self._texts[_EXPONENTIAL] = f"""\
static inline float {_EXPONENTIAL}(float x) {{
    static const double powers[{_STEPS}] = {{
        {powers}}};
    if (!(x < 88.8f)) {{
        return x * 0x1p+127f; /* infinite; NaN stays NaN */
    }}
    if (x < -104.0f) {{
        return 0.0f;
    }}
    double steps = (double)x * {floating(1 / per_step, "float64")};
    int32_t k = (int32_t)(steps + (steps < 0.0 ? -0.5 : 0.5));
    double r = (double)x - (double)k * {floating(per_step, "float64")};
    double series = 1.0 + r * (1.0 + r * (0.5 + r * ({third} + r * {fourth})));
    int32_t step = (int32_t)((uint32_t)k % {_STEPS}u);
    uint64_t exponent = (uint64_t)((k - step) / {_STEPS} + 1023) << 52;
    double power;
    memcpy(&power, &exponent, sizeof power);
    return (float)(series * powers[step] * power);
}}"""
        return _EXPONENTIAL

    def reinterpretation(self, source: str, target: str) -> str:
        """Name of the function that reads the bits of one type as another of the same size."""
        name = f"{target}_from_{source}_bits"
        a, b = element_type(source).c, element_type(target).c
        self._texts[name] = (
            f"static inline {b} {name}({a} value) {{\n"
            f"    {b} result;\n"
            "    memcpy(&result, &value, sizeof result);\n"
            "    return result;\n"
            "}"
        )
        return name

    def text(self) -> str:
        """Definitions of all of them, in order of their names."""
        return "\n".join(self._texts[name] for name in sorted(self._texts))
