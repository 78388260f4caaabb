# SPDX-License-Identifier: Apache-2.0
"""The clauses, a file for each group. `ORDER` is the order in which they are run and told."""

ORDER = (
    "info",
    "jsonrpc",
    "generate",
    "options",
    "archive",
    "build",
    "transport",
    "transport_edges",
    "device",
    "endings",
)
