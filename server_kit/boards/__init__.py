# SPDX-License-Identifier: Apache-2.0
"""Boards attached to this machine: serial ports, USB devices, who may open them, who holds them."""
