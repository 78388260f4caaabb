# SPDX-License-Identifier: Apache-2.0
"""Messages for whoever watches the server's standard error. Standard output belongs to nobody."""

from __future__ import annotations

import contextlib
import sys

debug_enabled = False


def info(text: str) -> None:
    """Write a line; a closed or broken standard error is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def debug(text: str) -> None:
    """Write a line when the server was started with ``--debug``."""
    if debug_enabled:
        info(text)
