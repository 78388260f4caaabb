# SPDX-License-Identifier: Apache-2.0
"""The platform's tools: running them, building with CMake, keeping what was built, sizes."""

from .running import INSTALL_HINTS, QUICK_SEC, TAIL_LINES, find_tool, output, run

__all__ = ["INSTALL_HINTS", "QUICK_SEC", "TAIL_LINES", "find_tool", "output", "run"]
