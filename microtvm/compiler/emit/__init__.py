# SPDX-License-Identifier: Apache-2.0
"""C text of a lowered model: kernels, driver, header, descriptor."""
