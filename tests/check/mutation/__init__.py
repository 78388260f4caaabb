# SPDX-License-Identifier: Apache-2.0
"""Mistakes made on purpose in a template, and whether ``microtvm check`` notices them."""
