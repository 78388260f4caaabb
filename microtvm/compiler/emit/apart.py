# SPDX-License-Identifier: Apache-2.0
"""Kernels are compiled apart from who calls them: gcc 12 gets some wrong otherwise."""

from __future__ import annotations

from ..dtypes import element_type
from ..operators import Operator
from ..program import Kernel

#: What a kernel's definition begins with, in place of ``static``.
KERNEL = "MICROTVM_KERNEL"

# Where a kernel knows that tensors with elements of different sizes lie in one array, gcc's
# induction variables may turn one address into 4 * (&arena + i) - 3 * &arena. Its alias analysis
# finds no base in that and drops the store: seen with 12.2 at -O2, tests/compiler/test_apart.py has
# the smallest form. Pointers that come from elsewhere each are a base of their own. An operator of
# ours whose tensors all have elements of one size is free of that, and compiled together with its
# caller it takes less flash; where it has other elements in its scratch memory, MT_APART makes that
# a base of its own.
DEFINITION = f"""\
/* gcc 12 drops stores of kernels that it knows to work within one array. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#define {KERNEL} __attribute__((noipa)) static
#else
#define {KERNEL} static
#endif
"""


def is_compiled_apart(kernel: Kernel) -> bool:
    """Whether the C compiler must not see through a kernel."""
    if not isinstance(kernel.body, Operator):
        return True
    tensors = (*kernel.body.inputs, kernel.body.output)
    return len({element_type(tensor.dtype).bits for tensor in tensors}) > 1


def compiled_apart(text: str, kernel: str) -> str:
    """Give the C of a kernel, its definition as one that the compiler does not see through."""
    head = f"static void {kernel}("
    assert text.count(head) == 1, kernel
    return text.replace(head, f"{KERNEL} void {kernel}(")
