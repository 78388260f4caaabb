# SPDX-License-Identifier: Apache-2.0
"""Where constants lie. On AVR what is only ``const`` is copied to RAM when the chip starts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..operators import Operator
from ..program import Kernel, Program, Space

#: What constants in flash, and a kernel's pointers to them, are declared with.
FLASH = "MICROTVM_FLASH"

# avr-gcc's __flash: 16-bit pointers that LPM reads through. Not __memx, whose pointers reach RAM
# too: avr-gcc 5.4 drops loads through them out of loops. The linker puts these constants first.
_DEFINITION = f"""\
#ifdef __AVR__
#define {FLASH} const __flash
_Static_assert(%d < 60000, "more constants than a 16-bit pointer reaches in this chip's flash");
#else
#define {FLASH} const
#endif
"""

_NEEDS_DOUBLE = """\
_Static_assert(sizeof(double) == 8, "this model computes in float64, which this chip has not");
"""


def prelude(program: Program, kernels: Iterable[str]) -> str:
    """C that the constants and kernels below it need."""
    nbytes = sum(program.constants[index].nbytes for index in flash_constants(program))
    bodies = [kernel.body for kernel in program.kernels]
    nbytes += sum(body.weight_bytes for body in bodies if isinstance(body, Operator))
    text = _DEFINITION % nbytes
    if any(re.search(r"\bdouble\b", kernel) for kernel in kernels):
        text += _NEEDS_DOUBLE
    return text


def flash_parameters(program: Program, kernel: Kernel) -> set[int]:
    """Which arguments of a kernel are constants in each of its calls.

    A pointer to flash cannot point to RAM on AVR, so one that is either is a plain one.
    """
    if isinstance(kernel.body, Operator):
        return set()
    calls = [call.arguments for call in program.calls if call.kernel is kernel]
    return {
        index
        for index in range(min(map(len, calls), default=0))
        if all(arguments[index].space is Space.CONSTANT for arguments in calls)
    }


def flash_constants(program: Program) -> set[int]:
    """The constants which nothing reads through a plain pointer."""
    plain = {copy.source.index for copy in program.copies if copy.source.space is Space.CONSTANT}
    for call in program.calls:
        in_flash = flash_parameters(program, call.kernel)
        plain |= {
            place.index
            for index, place in enumerate(call.arguments)
            if place.space is Space.CONSTANT and index not in in_flash
        }
    return set(range(len(program.constants))) - plain
