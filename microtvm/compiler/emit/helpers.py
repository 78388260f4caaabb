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
        f"{kind}_{dtype}"
        for kind in ("min", "max", "add", "sub", "mul", "div", "mod", "lshift", "rshift")
        for dtype in ELEMENT_TYPES
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

    def defined(self, operation: str, dtype: str) -> str:
        """Name of the function for an integer operation that C defines for some operands only.

        Sums and products wrap, as those of NumPy, onnxruntime and LiteRT do; so does the smallest
        number divided by -1. A division by zero gives 0, as Arm's instruction does. Bits that are
        shifted out are gone.
        """
        name = f"{operation.lower()}_{dtype}"
        element = element_type(dtype)
        c, bits = element.c, element.bits
        unsigned = f"uint{max(bits, 32)}_t"
        a, b = f"({unsigned})a", f"({unsigned})b"
        beyond = "0" if dtype.startswith("u") else "(a < 0 ? -1 : 0)"
        below = "" if dtype.startswith("u") else "b < 0 || "
        minus = "" if dtype.startswith("u") else f"b == -1 ? ({c})(0u - {a}) : "
        minus_rest = "" if dtype.startswith("u") else "b == -1 ? 0 : "
        result = {
            "Add": f"({c})({a} + {b})",
            "Sub": f"({c})({a} - {b})",
            "Mul": f"({c})({a} * {b})",
            "Div": f"b == 0 ? 0 : {minus}({c})(a / b)",
            "Mod": f"b == 0 ? 0 : {minus_rest}({c})(a % b)",
            "LShift": f"{below}b >= {bits} ? 0 : ({c})({a} << b)",
            "RShift": f"{below}b >= {bits} ? {beyond} : ({c})(a >> b)",
        }[operation]
        self._texts[name] = f"static inline {c} {name}({c} a, {c} b) {{ return {result}; }}"
        return name

    def truncation(self, source: str, target: str) -> str:
        """Name of the function that casts a float to an integer, whatever the float.

        Outside of the integer's range, and for NaN, the result is what onnxruntime and LiteRT give
        on the machines they mostly run on: types up to 32 bits are cut from an int32 (uint32 from
        an int64), which is its smallest number where the float does not fit.
        """
        name = f"{target}_from_{source}"
        c, from_c = element_type(target).c, element_type(source).c
        wide = "int64" if target in ("uint32", "int64", "uint64") else "int32"
        limit = floating(2.0**63 if wide == "int64" else 2.0**31, "float64")
        least = "INT64_MIN" if wide == "int64" else "INT32_MIN"
        lines = [
            f"static inline {c} {name}({from_c} value) {{",
            "    double wide = (double)value;",
        ]
        if target == "uint64":
            lines += [
                f"    if (wide >= {limit} && wide < 2.0 * {limit}) {{",
                "        return (uint64_t)wide;",
                "    }",
            ]
        below = "-0x1p+31 - 1.0" if wide == "int32" else f"-{limit}"
        compare = ">" if wide == "int32" else ">="
        lines += [
            f"    int fits = wide {compare} {below} && wide < {limit};",
            f"    return ({c})(fits ? ({wide}_t)wide : {least});",
            "}",
        ]
        self._texts[name] = "\n".join(lines)
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
#if __SIZEOF_DOUBLE__ < 8 /* AVR: a double is a float there */
#define {_EXPONENTIAL} expf
#else
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
}}
#endif"""
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
