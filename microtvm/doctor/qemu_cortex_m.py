# SPDX-License-Identifier: Apache-2.0
"""What the template for emulated Cortex-M boards needs."""

from __future__ import annotations

from .finding import Finding, apt, pip, program

_COMPILER = apt("gcc-arm-none-eabi libnewlib-arm-none-eabi")


def examine() -> list[Finding]:
    """Look for a cross compiler, build tools and the emulator."""
    return [
        program("arm-none-eabi-gcc", "compile", _COMPILER, at_least=(10,)),
        program("qemu-system-arm", "run firmware", apt("qemu-system-arm"), at_least=(6, 0)),
        program("cmake", "build", pip("cmake"), at_least=(3, 16)),
        program("ninja", "build", pip("ninja")),
    ]
