# SPDX-License-Identifier: Apache-2.0
"""Boards that this machine can run firmware on: a file for each way in which one is known."""

from .board import Board, Kind
from .finding import find

__all__ = ["Board", "Kind", "find"]
