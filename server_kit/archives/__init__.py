# SPDX-License-Identifier: Apache-2.0
"""Model Library Format archives, read without trusting them."""
