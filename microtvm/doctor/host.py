# SPDX-License-Identifier: Apache-2.0
"""What the host template needs."""

from __future__ import annotations

from .finding import Finding, apt, pip, program


def examine() -> list[Finding]:
    """Look for a compiler and build tools."""
    return [
        program("cc", "compile", f"{apt('gcc libc6-dev')}, or another C compiler"),
        program("cmake", "build", pip("cmake"), at_least=(3, 16)),
        program("ninja", "build", pip("ninja")),
        program("c++", "run archives with TVM 0.8 to 0.18's server", apt("g++"), required=False),
    ]
