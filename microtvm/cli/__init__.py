# SPDX-License-Identifier: Apache-2.0
"""The command ``microtvm``: one file for each verb, and `command`, which chooses among them."""

from .command import main

__all__ = ["main"]
