# SPDX-License-Identifier: Apache-2.0
"""The bench: which boards a run is on, from its options, a hardware map, or what is found."""

from .dut import Dut, dut_of

__all__ = ["Dut", "dut_of"]
