# SPDX-License-Identifier: Apache-2.0
"""Zephyr's function for Kconfig that the template uses, answering from the environment."""

import os
from typing import Any


def dt_chosen_enabled(_kconf: Any, _name: str, chosen: str) -> str:
    """Whether the devicetree chose a node."""
    return "y" if chosen in os.environ["CHOSEN"].split() else "n"


functions = {"dt_chosen_enabled": (dt_chosen_enabled, 1, 1)}
