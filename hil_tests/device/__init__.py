# SPDX-License-Identifier: Apache-2.0
"""A board while it is tested: its firmware, its wire and what was seen on it."""

from .board_under_test import BENCH_ERRORS, BoardUnderTest

__all__ = ["BENCH_ERRORS", "BoardUnderTest"]
