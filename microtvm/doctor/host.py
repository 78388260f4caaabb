# SPDX-License-Identifier: Apache-2.0
"""What the host template needs."""

from __future__ import annotations

from .finding import Finding, program


def examine() -> list[Finding]:
    """Look for a compiler and build tools."""
    return [
        program("cc", "compile", "apt-get install gcc libc6-dev, or another C compiler"),
        program("cmake", "build", "pip install cmake", at_least=(3, 16)),
        program("ninja", "build", "pip install ninja"),
        program("c++", "use TVM 0.18's RPC server", "apt-get install g++", required=False),
    ]
