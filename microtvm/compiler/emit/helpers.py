# SPDX-License-Identifier: Apache-2.0
"""Small C functions that kernels call; only those in use are emitted."""

from __future__ import annotations

from ..dtypes import ELEMENT_TYPES, element_type


class Helpers:
    """The helper functions that a source file has come to need."""

    #: Names that a kernel's variables may not have.
    RESERVED = frozenset(f"{kind}_{dtype}" for kind in ("min", "max") for dtype in ELEMENT_TYPES)

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
