# SPDX-License-Identifier: Apache-2.0
"""``python -m hil_tests``: the tests of an installed package, with pytest's options and ours."""

from __future__ import annotations

import os
import pathlib
import sys

if __name__ == "__main__":
    # In another's place: pytest rewrites assertions of packages that it is the first to import.
    tests = str(pathlib.Path(__file__).parent)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", tests, *sys.argv[1:]])
