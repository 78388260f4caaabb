# SPDX-License-Identifier: Apache-2.0
"""Writing a generated project: files, the runtime that the model needs, memory, definitions."""
