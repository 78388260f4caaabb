# SPDX-License-Identifier: Apache-2.0
"""The Project API as it is spoken: JSON-RPC over two pipes, methods, options, the handler."""
