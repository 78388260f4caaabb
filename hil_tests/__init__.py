# SPDX-License-Identifier: Apache-2.0
"""Tests on hardware: ``pytest hil_tests`` runs them on what is attached, or else on the host."""
