# SPDX-License-Identifier: Apache-2.0
"""``python -m hil_tests``: the tests of an installed package, with pytest's options and ours."""

from __future__ import annotations

import pathlib
import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main([str(pathlib.Path(__file__).parent), *sys.argv[1:]]))
