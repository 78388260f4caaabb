# SPDX-License-Identifier: Apache-2.0
"""Names of a model in C."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const
    constexpr const_cast continue decltype default delete do double dynamic_cast else enum explicit
    export extern false float for friend goto if inline int long mutable namespace new noexcept not
    not_eq nullptr operator or or_eq private protected public register reinterpret_cast restrict
    return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename union unsigned using virtual void volatile
    wchar_t while xor xor_eq""".split()  # noqa: SIM905
)

# Macros of the headers that generated code includes, and those that compilers define outside of
# strict C11.
_MACROS = frozenset(
    """FP_FAST_FMA FP_FAST_FMAF FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO HUGE_VAL HUGE_VALF
    HUGE_VALL INFINITY INT64_C MATH_ERREXCEPT MATH_ERRNO M_E M_PI NAN NULL UINT64_C false i386 isnan
    linux math_errhandling true unix""".split()  # noqa: SIM905
)


def identifier(name: str) -> str:
    """The C identifier that stands for a name.

    As TVM 0.18 has it, every character that is not an ASCII letter, digit or underscore becomes
    an underscore. Where that is no identifier of C and C++ (it starts with a digit, is empty, is
    a keyword or a macro), an underscore is added.
    """
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not text or text[0].isdigit():
        text = "_" + text
    return text + "_" if text in _KEYWORDS or text in _MACROS else text


def identifiers(names: Iterable[str], reserved: Iterable[str] = ()) -> list[str]:
    """Identifiers of several names, all different even in upper case (macros are made of them)."""
    used = {name.upper() for name in reserved}
    result = []
    for name in names:
        base = candidate = identifier(name)
        number = 1
        while candidate.upper() in used:
            candidate = f"{base}_{number}"
            number += 1
        used.add(candidate.upper())
        result.append(candidate)
    return result


def string_literal(text: str) -> str:
    """A C string literal, plain ASCII, of the text in UTF-8."""
    safe = set(range(0x20, 0x7F)) - set(b'"\\?')  # '?' could begin a trigraph
    return '"' + "".join(chr(b) if b in safe else f"\\{b:03o}" for b in text.encode()) + '"'


def comment(text: str) -> str:
    """Text that may stand in a C comment: one line of printable ASCII that does not end it."""
    line = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return line.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").rstrip("\\")
