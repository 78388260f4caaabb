# SPDX-License-Identifier: Apache-2.0
"""Numbers in C, exact to the last bit."""

from __future__ import annotations

import math
import re

import numpy as np

from ..dtypes import element_type

_LINE = 96
#: Macros of C11's <math.h> that Zephyr's minimal C library lacks; GCC and Clang have them built in.
_BUILT_IN = {
    "INFINITY": ("INFINITY", "__builtin_inff()"),
    "NAN": ("NAN", '__builtin_nanf("")'),
    "isnan": ("isnan(x)", "__builtin_isnan(x)"),
}


def _hex(value: float) -> str:
    """C99 hexadecimal notation without trailing zeros."""
    mantissa, _, exponent = value.hex().partition("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}"


def floating(value: float, dtype: str) -> str:
    """A floating-point literal.

    Hexadecimal because a decimal one would have to carry every digit and trust the compiler's
    rounding. A NaN keeps neither sign nor payload.
    """
    if math.isnan(value):
        text = "NAN"
    elif math.isinf(value):
        text = "INFINITY" if value > 0 else "-INFINITY"
    else:
        text = _hex(value)
        if dtype == "float32":
            return text + "f"
        if dtype == "float64":
            return text
    return text if dtype == "float32" else f"({element_type(dtype).c}){text}"


def missing_macros(text: str) -> str:
    """Definitions of the macros of <math.h> that stand in a text, where <math.h> has none."""
    return "".join(
        f"#ifndef {name}\n#define {macro} {value}\n#endif\n"
        for name, (macro, value) in _BUILT_IN.items()
        if re.search(rf"\b{name}\b", text)
    )


def integer(value: int, dtype: str) -> str:
    """An integer (or bool) literal whose C type is at least as wide as ``dtype``."""
    if dtype == "bool":
        return "true" if value else "false"
    bits = element_type(dtype).bits
    if dtype.startswith("uint"):
        return f"UINT64_C({value})" if bits == 64 else f"{value}u" if bits == 32 else str(value)
    if value == -(2**31):
        return "(-2147483647 - 1)" if bits == 32 else "(-INT64_C(2147483648))"
    if value == -(2**63):
        return "(-INT64_C(9223372036854775807) - 1)"
    if not -(2**31) <= value < 2**31:
        return f"INT64_C({value})" if value >= 0 else f"(-INT64_C({-value}))"
    return str(value)


def initializer(array: np.ndarray) -> str:
    """The elements of an array in order, as lines of a C initializer."""
    dtype = array.dtype.name
    values = array.ravel().tolist()
    if array.dtype.kind == "f":
        texts = [floating(value, dtype) for value in values]
    elif dtype == "bool":
        texts = ["1" if value else "0" for value in values]
    elif dtype in ("int8", "int16", "uint8", "uint16"):
        texts = list(map(str, values))  # as `integer` has them, of which there may be a million
    else:
        texts = [integer(value, dtype) for value in values]
    lines: list[str] = []
    line = ""
    for text in texts:
        if line and len(line) + len(text) + 2 > _LINE:
            lines.append(line)
            line = ""
        line += f" {text}," if line else f"{text},"
    lines.append(line)
    return "\n".join("    " + line for line in lines)
